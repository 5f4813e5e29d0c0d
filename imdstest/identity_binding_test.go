package imdstest_test

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
)

const (
	unauthorized = `{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Unauthorized","reason":"Unauthorized","code":401}`
	forbidden    = `{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"`
)

func TestIdentityBindingJudgesRequests(t *testing.T) {
	const good = `{"token_type":"Bearer","expires_in":86400,"ext_expires_in":86400,"access_token":"ey…`
	token := "/identity-binding/" + tenant + "/oauth2/v2.0/token"
	judge(t, "identity binding", map[string]verdict{
		"as it should be":             {asItIs, 200, good},
		"with OpenID's scopes":        {setForm("scope", vault+"/.default openid offline_access profile"), 200, good},
		"Go's header Host":            {func(r *http.Request) { r.Host = "login.microsoftonline.com" }, 200, good},
		".NET's header Host":          {func(r *http.Request) { r.Host = "a.ests.aks" }, 200, good},
		"the tenant in upper case":    {setPath("/identity-binding/" + strings.ToUpper(tenant) + "/oauth2/v2.0/token"), 200, good},
		"the path in upper case":      {setPath(strings.ToUpper(token)), 404, ""},
		"a slash at the end":          {setPath(token + "/"), 200, good},
		"another tenant":              {setPath("/identity-binding/common/oauth2/v2.0/token"), 400, entra("invalid_request", "90002")},
		"another path below":          {setPath("/identity-binding/" + tenant + "/oauth2/token"), 404, ""},
		"a client nobody knows":       {setForm("client_id", nobody), 403, forbidden + `GUID.cid.wi.aks.azure.com is forbidden: User \"system:serviceaccount:default:workload\" cannot use-managed-identity…`},
		"no client":                   {setForm("client_id"), 400, entra("invalid_request", "900144")},
		"no assertion":                {setForm("client_assertion"), 401, entra("invalid_client", "7000216")},
		"an assertion that is no JWT": {setForm("client_assertion", "x"), 401, unauthorized},
		"GET":                         {setMethod("GET"), 405, ""},
	})
}

func TestIdentityBindingHasATokenOfItsOwn(t *testing.T) {
	t.Parallel()
	inBothFrontEndsOn(t, "identity binding", imdstest.Options{}, func(t *testing.T, g guest) {
		pod := on(caller{g.server, g.client}, "workload identity").environment
		own, err := os.ReadFile(g.environment["AZURE_FEDERATED_TOKEN_FILE"])
		require.NoError(t, err)
		others, err := os.ReadFile(pod["AZURE_FEDERATED_TOKEN_FILE"])
		require.NoError(t, err)
		claims, err := g.server.Claims(string(own))
		require.NoError(t, err)
		require.Equal(t, []any{"api://AKSIdentityBinding"}, claims["aud"])

		r := g.request(t, vault)
		setForm("client_assertion", string(others))(r)
		got := g.send(r)
		require.Equal(t, http.StatusUnauthorized, got.status, "the proxy takes no token for Entra")
		require.Equal(t, unauthorized, got.body)

		before := g.request(t, vault)
		g.server.RotateFederatedToken()
		require.Equal(t, unauthorized, g.send(before).body, "nor the one before")
		require.Equal(t, http.StatusOK, g.ask(t, vault).status)
		time.Sleep(365 * 24 * time.Hour)
		require.Equal(t, unauthorized, g.ask(t, vault).body, "nor one that has expired")
		g.server.RotateFederatedToken()
		require.Equal(t, http.StatusOK, g.ask(t, vault).status)
	})
}

// A request that bypasses the proxy gets the error of Entra that users see (TROUBLESHOOTING.md of
// the Azure SDK for Go).
func TestEntraDoesNotTakeTheTokenOfABinding(t *testing.T) {
	t.Parallel()
	g := on(inMemory(t, nil), "identity binding")
	t.Cleanup(g.server.Close)
	r := exchange(t, g.environment, g.environment["AZURE_AUTHORITY_HOST"], vault, nil)
	got := g.send(r)
	require.Equal(t, http.StatusUnauthorized, got.status)
	requireBody(t, `{"error":"invalid_client","error_description":"AADSTS700212: No matching federated identity record found for `+
		`presented assertion audience 'api://AKSIdentityBinding'. …`, got.body)
	require.Equal(t, "workload identity", g.asked().Host)
}

func TestIdentityBindingIsShownForItsNameOnly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := overPipe(t, withFiles(t, imdstest.Options{}))
		e := c.server.IdentityBinding()
		name, authority := e["AZURE_KUBERNETES_SNI_NAME"], c.server.TokenProxy().CA()
		own, err := os.ReadFile(c.server.CertificateFile())
		require.NoError(t, err)
		for _, tc := range []struct {
			what         string
			name         string // "": none is sent, as with an IP address
			roots        []byte
			path         string
			status       int // 0: the client trusts no certificate there
			host         string
			fullyAtProxy bool
		}{
			{"a proper client", name, authority, "/identity-binding/", 200, "identity binding", true},
			{"a proper client, by another spelling", strings.ToUpper(name), authority, "/identity-binding/", 200, "identity binding", true},
			{"that asks for the address", "imds.test", authority, "/identity-binding/", 0, "", false},
			{"that asks for no name", "", authority, "/identity-binding/", 0, "", false},
			{"that trusts the fake's certificate", name, own, "/identity-binding/", 0, "", false},
			{"that trusts both and asks for the address", "imds.test", append(own, authority...), "/identity-binding/", 401, "identity binding", false},
			{"that forgets the path", name, authority, "/", 404, "", false},
		} {
			roots := x509.NewCertPool()
			require.True(t, roots.AppendCertsFromPEM(tc.roots))
			transport := c.client.Transport.(*http.Transport).Clone()
			transport.TLSClientConfig = &tls.Config{ServerName: tc.name, RootCAs: roots}
			if tc.name == "" {
				transport.TLSClientConfig.ServerName = "127.0.0.1" // an address is never sent
			}
			asked := c.server.Count()
			r := exchange(t, e, "https://imds.test"+tc.path, vault, nil).WithContext(t.Context())
			got := caller{c.server, &http.Client{Transport: transport}}.send(r)
			if tc.status == 0 {
				require.ErrorAs(t, got.err, new(*tls.CertificateVerificationError), tc.what)
				require.Equal(t, asked, c.server.Count(), tc.what)
				continue
			}
			require.NoError(t, got.err, tc.what)
			require.Equal(t, tc.status, got.status, "%s: %s", tc.what, got.body)
			require.Equal(t, tc.host, c.server.Requests()[asked].Host, tc.what)
			if tc.status == http.StatusUnauthorized {
				require.Equal(t, unauthorized, got.body)
			}
		}
	})
}

func TestRotateCAReplacesTheCertificateAndTheFile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := overPipe(t, withFiles(t, imdstest.Options{}))
		before := on(c, "identity binding")
		require.Equal(t, http.StatusOK, before.ask(t, vault).status)
		c.server.TokenProxy().RotateCA()
		require.ErrorAs(t, before.ask(t, vault).err, new(*tls.CertificateVerificationError))
		after := on(c, "identity binding")
		require.Equal(t, before.environment, after.environment, "the file stays where it is")
		require.Equal(t, http.StatusOK, after.ask(t, vault).status)
		require.Equal(t, http.StatusOK, on(c, "workload identity").ask(t, vault).status, "the others go on")
		c.server.TokenProxy().WriteCA([]byte{})
		require.Equal(t, http.StatusOK, after.ask(t, vault).status, "the file is no matter of the certificate's")
	})
}

func TestProxyResumesNoSession(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := overPipe(t, withFiles(t, imdstest.Options{}))
		g := on(c, "identity binding")
		g.client.Transport.(*http.Transport).TLSClientConfig.ClientSessionCache = tls.NewLRUClientSessionCache(0)
		for range 2 {
			require.Equal(t, http.StatusOK, g.ask(t, vault).status)
		}
		c.server.TokenProxy().RotateCA()
		require.Error(t, g.ask(t, vault).err, "or a client that does not read the file again would go on")
	})
}

func TestIdentityBindingByAVariable(t *testing.T) {
	t.Parallel()
	server := imdstest.New(&imdstest.Options{ProxyCAData: true})
	t.Cleanup(server.Close)
	e := server.IdentityBinding()
	require.NotContains(t, e, "AZURE_KUBERNETES_CA_FILE")
	require.Equal(t, string(server.TokenProxy().CA()), e["AZURE_KUBERNETES_CA_DATA"])
}

func TestIdentityBindingServesDiscoveryToo(t *testing.T) {
	t.Parallel()
	inBothFrontEndsOn(t, "identity binding", imdstest.Options{}, func(t *testing.T, g guest) {
		proxy := g.environment["AZURE_KUBERNETES_TOKEN_PROXY"]
		config := g.open(t, proxy+"/"+tenant+"/v2.0/.well-known/openid-configuration").object(t)
		require.Equal(t, "https://imds.test/"+tenant+"/oauth2/v2.0/token", config["token_endpoint"], "Entra does not know of the proxy's path")
		require.Equal(t, "https://login.microsoftonline.com/"+tenant+"/v2.0", config["issuer"])
		authorize := "https://login.microsoftonline.com/" + tenant + "/oauth2/v2.0/authorize"
		instance := g.open(t, proxy+"/common/discovery/instance?api-version=1.1&authorization_endpoint="+authorize).object(t)
		require.NotEmpty(t, instance["metadata"])
		require.Equal(t, http.StatusNotFound, g.open(t, proxy+"/common/discovery").status)

		var paths []string
		for _, r := range g.server.Issuer().Requests() {
			require.Equal(t, http.StatusOK, r.Status)
			paths = append(paths, r.Path)
		}
		require.Equal(t, []string{
			"/identity-binding/" + tenant + "/v2.0/.well-known/openid-configuration", "/identity-binding/common/discovery/instance",
		}, paths, "a client of the proxy should not need them")

		g.server.Break(imdstest.EntraDown())
		require.Equal(t, http.StatusServiceUnavailable, g.open(t, proxy+"/"+tenant+"/v2.0/.well-known/openid-configuration").status)
	})
}

func TestIdentityBindingRefusesDiscoveryOverAnotherName(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := overPipe(t, withFiles(t, imdstest.Options{})) // which asks for imds.test
		got := c.open(t, "https://imds.test/identity-binding/"+tenant+"/v2.0/.well-known/openid-configuration")
		require.Equal(t, http.StatusUnauthorized, got.status)
		require.Equal(t, unauthorized, got.body)
	})
}

func TestIdentityBindingIsOfTheMachinesIdentities(t *testing.T) {
	t.Parallel()
	g := on(inMemory(t, &imdstest.Options{
		Identities: []imdstest.Identity{userB, system}, Applications: []imdstest.Application{{}},
	}), "identity binding")
	t.Cleanup(g.server.Close)
	require.Equal(t, system.ClientID, g.appID(t, g.ask(t, vault)))
	r := g.request(t, vault)
	setForm("client_id", userB.ClientID)(r)
	require.Equal(t, userB.ClientID, g.appID(t, g.send(r)))
	r = g.request(t, vault)
	setForm("client_id", imdstest.DefaultApplicationID)(r)
	require.Equal(t, http.StatusForbidden, g.send(r).status, "there are bindings of managed identities only")
	r = g.request(t, vault)
	r.URL.Path = "/identity-binding/7e000000-0000-4000-8000-000000000009/oauth2/v2.0/token"
	requireBody(t, entra("invalid_request", "90002"), g.send(r).body)
}

func TestNotBoundConcernsIdentityBindingsOnly(t *testing.T) {
	t.Parallel()
	c := inMemory(t, withFiles(t, imdstest.Options{}))
	t.Cleanup(c.server.Close)
	c.server.Break(imdstest.NotBound())
	for host := range hosts {
		if host == "Azure Arc" {
			continue // its first request is refused by design
		}
		g := on(c, host)
		got := g.ask(t, vault)
		require.Equal(t, "NotBound", g.asked().Fault)
		if host != "identity binding" {
			require.Equal(t, http.StatusOK, got.status, host)
			continue
		}
		require.Equal(t, http.StatusForbidden, got.status)
		requireBody(t, forbidden+"GUID.cid.wi.aks.azure.com is forbidden: …", got.body)
		require.Contains(t, got.body, imdstest.DefaultClientID)
	}
}

func TestIdentityBindingWhileEntraIsAway(t *testing.T) {
	t.Parallel()
	inBothFrontEndsOn(t, "identity binding", imdstest.Options{}, func(t *testing.T, g guest) {
		g.server.Break(imdstest.EntraDown())
		got := g.ask(t, vault)
		require.Equal(t, http.StatusServiceUnavailable, got.status)
		requireBody(t, entra("temporarily_unavailable", "90033"), got.body)
		g.server.Break(imdstest.EntraRefuses(7000112, "The application is disabled."))
		requireBody(t, entra("invalid_grant", "7000112"), g.ask(t, vault).body)
		g.server.Recover()
		require.Equal(t, http.StatusOK, g.ask(t, vault).status)
	})
}
