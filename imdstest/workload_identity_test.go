package imdstest_test

import (
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
)

// entra is the beginning of an error of Entra's.
func entra(code, number string) string {
	return `{"error":"` + code + `","error_description":"AADSTS` + number + `: …`
}

func TestWorkloadIdentityJudgesRequests(t *testing.T) {
	const good = `{"token_type":"Bearer","expires_in":86400,"ext_expires_in":86400,"access_token":"ey…`
	missing, invalid := entra("invalid_request", "900144"), entra("invalid_request", "90100")
	scope := entra("invalid_scope", "1002012")
	judge(t, "workload identity", map[string]verdict{
		"as it should be":             {asItIs, 200, good},
		"with more parameters":        {setForm("client_info", "1"), 200, good},
		"with OpenID's scopes":        {setForm("scope", vault+"/.default openid offline_access profile"), 200, good},
		"the client in upper case":    {setForm("client_id", strings.ToUpper(imdstest.DefaultClientID)), 200, good},
		"the tenant in upper case":    {setPath("/" + strings.ToUpper(tenant) + "/oauth2/v2.0/token"), 200, good},
		"another tenant":              {setPath("/common/oauth2/v2.0/token"), 400, entra("invalid_request", "90002")},
		"no tenant":                   {setPath("//oauth2/v2.0/token"), 400, entra("invalid_request", "90002")},
		"the endpoint of v1":          {setPath("/" + tenant + "/oauth2/token"), 404, ""},
		"GET":                         {setMethod("GET"), 405, ""},
		"a body that is no form":      {setHeader("Content-Type", "application/json"), 400, missing},
		"no body":                     {setBody(""), 400, missing},
		"no grant":                    {setForm("grant_type"), 400, missing},
		"another grant":               {setForm("grant_type", "authorization_code"), 400, entra("unsupported_grant_type", "70003")},
		"no client":                   {setForm("client_id"), 400, missing},
		"a blank client":              {setForm("client_id", ""), 400, missing},
		"a blank assertion":           {setForm("client_assertion", ""), 401, entra("invalid_client", "7000216")},
		"a client nobody knows":       {setForm("client_id", nobody), 400, entra("unauthorized_client", "700016")},
		"an object id for a client":   {setForm("client_id", imdstest.DefaultObjectID), 400, entra("unauthorized_client", "700016")},
		"two clients":                 {setForm("client_id", nobody, nobody), 400, invalid},
		"no scope":                    {setForm("scope"), 400, missing},
		"a resource for a scope":      {setForm("scope", vault), 400, scope},
		"a scope of nothing":          {setForm("scope", "/.default"), 400, scope},
		"two scopes":                  {setForm("scope", vault+"/.default "+orders+"/.default"), 400, scope},
		"OpenID's scopes only":        {setForm("scope", "openid profile"), 400, scope},
		"no assertion type":           {setForm("client_assertion_type"), 400, missing},
		"another assertion type":      {setForm("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"), 400, invalid},
		"no assertion":                {setForm("client_assertion"), 401, entra("invalid_client", "7000216")},
		"an assertion that is no JWT": {setForm("client_assertion", "x"), 401, entra("invalid_client", "50027")},
		"a secret for an assertion": {func(r *http.Request) {
			setForm("client_assertion")(r)
			setForm("client_secret", "x")(r)
		}, 401, entra("invalid_client", "7000215")},
		"a secret beside nothing else": {func(r *http.Request) {
			setForm("client_assertion")(r)
			setForm("client_assertion_type")(r)
			setForm("client_secret", "x")(r)
		}, 401, entra("invalid_client", "7000215")},
	})
}

func TestWorkloadIdentityErrorsHaveAllTheirParts(t *testing.T) {
	t.Parallel()
	inBothFrontEndsOn(t, "workload identity", imdstest.Options{Resources: []string{vault}}, func(t *testing.T, g guest) {
		got := g.ask(t, orders)
		require.Equal(t, http.StatusBadRequest, got.status)
		requireBody(t, `{"error":"invalid_resource","error_description":"AADSTS500011: The resource principal named https://orders.example `+
			`was not found in the tenant named GUID. Trace ID: GUID Correlation ID: GUID Timestamp: 2000-01-01 00:00:00Z",`+
			`"error_codes":[500011],"timestamp":"2000-01-01 00:00:00Z","trace_id":"GUID","correlation_id":"GUID",`+
			`"error_uri":"https://login.microsoftonline.com/error?code=500011"}`, got.body)
	})
}

func TestWorkloadIdentityWantsTheClustersAssertion(t *testing.T) {
	t.Parallel()
	set := func(name string, value any) func(*imdstest.JWT) {
		return func(j *imdstest.JWT) { j.Claims[name] = value }
	}
	for name, tc := range map[string]struct {
		edit   func(*imdstest.JWT)
		number string
	}{
		"all right, but not the one in the file": {func(*imdstest.JWT) {}, "70021"},
		"expired":                                {set("exp", time.Now().Add(-time.Second).Unix()), "700024"},
		"without an end":                         {func(j *imdstest.JWT) { delete(j.Claims, "exp") }, "700024"},
		"another issuer":                         {set("iss", "https://other.example"), "700211"},
		"another subject":                        {set("sub", "system:serviceaccount:default:other"), "700213"},
		"another audience":                       {set("aud", []string{"api://other"}), "700212"},
		"one audience and no list":               {set("aud", "api://AzureADTokenExchange"), "70021"},
		"another audience and no list":           {set("aud", "api://other"), "700212"},
		"one more audience":                      {set("aud", []string{"api://AzureADTokenExchange", "api://other"}), "700212"},
		"claims of another kind":                 {set("sub", 7), "50027"},
		"a key that nobody has":                  {func(j *imdstest.JWT) { j.Header["kid"] = "x" }, "50027"},
		"an algorithm that is not RS256":         {func(j *imdstest.JWT) { j.Header["alg"] = "none" }, "50027"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := on(inMemory(t, nil), "workload identity")
			t.Cleanup(g.server.Close)
			inFile, err := os.ReadFile(g.environment["AZURE_FEDERATED_TOKEN_FILE"])
			require.NoError(t, err)
			claims, err := g.server.Claims(string(inFile))
			require.NoError(t, err)
			r := g.request(t, vault)
			setForm("client_assertion", g.server.Mint(vault, func(j *imdstest.JWT) {
				j.Claims = claims
				tc.edit(j)
			}))(r)
			got := g.send(r)
			require.Equal(t, http.StatusUnauthorized, got.status)
			requireBody(t, entra("invalid_client", tc.number), got.body)
		})
	}
}

func TestWorkloadIdentityTakesTheTokenInTheFileOnly(t *testing.T) {
	t.Parallel()
	inBothFrontEndsOn(t, "workload identity", imdstest.Options{}, func(t *testing.T, g guest) {
		r := g.request(t, vault)
		file := g.environment["AZURE_FEDERATED_TOKEN_FILE"]
		before, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Equal(t, g.environment, g.server.WorkloadIdentity())
		same, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Equal(t, before, same, "to ask for the environment again changes nothing")
		info, err := os.Stat(file)
		require.NoError(t, err)
		if runtime.GOOS != "windows" { // which has no modes
			require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
		}
		g.server.RotateFederatedToken()
		require.Equal(t, g.environment, g.server.WorkloadIdentity(), "the file stays where it is")
		after, err := os.ReadFile(file)
		require.NoError(t, err)
		require.NotEqual(t, before, after)
		got := g.send(r)
		require.Equal(t, http.StatusUnauthorized, got.status)
		requireBody(t, entra("invalid_client", "70021"), got.body)
		require.Equal(t, http.StatusOK, g.ask(t, vault).status)

		left, err := os.ReadDir(filepath.Dir(file))
		require.NoError(t, err)
		require.Len(t, left, 1, "nothing is left of the one before")
		g.server.Close()
		g.server.Close()
		require.NoDirExists(t, filepath.Dir(file))
	})
}

func TestFederatedTokenLivesForAYear(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := on(inMemory(t, nil), "workload identity")
		defer g.server.Close()
		time.Sleep(364 * 24 * time.Hour)
		require.Equal(t, http.StatusOK, g.ask(t, vault).status)
		time.Sleep(24 * time.Hour)
		requireBody(t, entra("invalid_client", "700024"), g.ask(t, vault).body)
		g.server.RotateFederatedToken()
		require.Equal(t, http.StatusOK, g.ask(t, vault).status)
	})
}

func TestWorkloadIdentityMintsForEachRequest(t *testing.T) {
	t.Parallel()
	g := on(inMemory(t, &imdstest.Options{Identities: []imdstest.Identity{userB, system}}), "workload identity")
	defer g.server.Close()
	require.Equal(t, system.ClientID, g.environment["AZURE_CLIENT_ID"])
	first, second := g.ask(t, vault), g.ask(t, vault)
	require.NotEqual(t, first.body, second.body)
	require.True(t, g.asked().Minted)
	require.Equal(t, system.ClientID, g.appID(t, first))

	g.server.Break(imdstest.EntraDown())
	got := g.ask(t, vault)
	require.Equal(t, http.StatusServiceUnavailable, got.status)
	requireBody(t, entra("temporarily_unavailable", "90033"), got.body)
}

func TestRequestsHaveNoAssertion(t *testing.T) {
	t.Parallel()
	g := on(inMemory(t, nil), "workload identity")
	defer g.server.Close()
	r := g.request(t, vault)
	setParameter("client_assertion", "hush", "hush")(r)
	for _, secret := range []string{"client_secret", "refresh_token", "password"} {
		setForm(secret, "hush")(r)
	}
	require.Equal(t, http.StatusOK, g.send(r).status)
	log := g.asked()
	require.Equal(t, []string{"REDACTED"}, log.Form["client_assertion"])
	require.Equal(t, []string{"REDACTED", "REDACTED"}, log.Query["client_assertion"])
	require.Equal(t, imdstest.DefaultClientID, log.Form.Get("client_id"))
	require.NotContains(t, log.String(), "hush")
	require.NotContains(t, log.String(), "eyJ")
}

func TestWorkloadIdentityIsFoundByDiscovery(t *testing.T) {
	t.Parallel()
	inBothFrontEndsOn(t, "workload identity", imdstest.Options{}, func(t *testing.T, g guest) {
		r := g.request(t, vault)
		address := r.URL.String()
		config := g.open(t, g.environment["AZURE_AUTHORITY_HOST"]+tenant+"/v2.0/.well-known/openid-configuration")
		require.Equal(t, address, config.object(t)["token_endpoint"])

		authorize := "https://imds.test/" + tenant + "/oauth2/v2.0/authorize"
		instance := g.open(t, g.environment["AZURE_AUTHORITY_HOST"]+"common/discovery/instance?api-version=1.1&authorization_endpoint="+authorize)
		require.Equal(t, map[string]any{
			"tenant_discovery_endpoint": "https://imds.test/" + tenant + "/v2.0/.well-known/openid-configuration",
			"api-version":               "1.1",
			"metadata": []any{map[string]any{
				"preferred_network": "imds.test", "preferred_cache": "imds.test", "aliases": []any{"imds.test"},
			}},
		}, instance.object(t))
		unknown := g.open(t, g.environment["AZURE_AUTHORITY_HOST"]+"common/discovery/instance?authorization_endpoint=x")
		require.Equal(t, http.StatusBadRequest, unknown.status)
		require.Zero(t, g.server.Count(), "none of it is a token request")
	})
}

func (c caller) open(t *testing.T, address string) outcome {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	require.NoError(t, err)
	return c.send(r)
}
