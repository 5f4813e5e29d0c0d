package imdstest_test

import (
	"net/http"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/verify"
)

const (
	exchangeAudience = "api://AzureADTokenExchange"
	// A tenant with the multi-tenant application.
	customer = "7e000000-0000-4000-8000-0000000000c1"
	stranger = "7e000000-0000-4000-8000-0000000000c2" // one without
	github   = "https://token.actions.githubusercontent.com"
	branch   = "repo:shop/orders:ref:refs/heads/main"
)

// A federation is a program that acts as an application.
type federation struct {
	caller
	authority string
}

func federate(c caller) federation {
	return federation{c, c.server.IMDS()["AZURE_AUTHORITY_HOST"]}
}

// assertion returns a token of the machine's identity.
func (f federation) assertion(t *testing.T) string {
	t.Helper()
	return f.caller.ask(t.Context(), exchangeAudience).token(t)
}

// exchange asks Entra for a token of an application.
func (f federation) exchange(t *testing.T, tenant, client, assertion, resource string, more ...string) outcome {
	t.Helper()
	return f.send(post(f.authority+tenant+"/oauth2/v2.0/token", append([]string{
		"grant_type", "client_credentials", "client_id", client, "scope", resource + "/.default",
		"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "client_assertion", assertion,
	}, more...)).WithContext(t.Context()))
}

// claims returns those of the token of a success.
func (f federation) claims(t *testing.T, o outcome) map[string]any {
	t.Helper()
	require.NoError(t, o.err)
	require.Equal(t, http.StatusOK, o.status, o.body)
	claims, err := f.server.Claims(o.object(t)["access_token"].(string))
	require.NoError(t, err)
	return claims
}

func TestAssertionHasTheFormOfV2(t *testing.T) {
	t.Parallel()
	for _, audience := range []string{exchangeAudience, exchangeAudience + "USGov", exchangeAudience + "China"} {
		c := inMemory(t, &imdstest.Options{Resources: []string{orders}})
		claims, err := c.server.Claims(c.ask(t.Context(), audience).token(t))
		require.NoError(t, err, "every tenant knows the audiences of all clouds")
		require.Equal(t, audience, claims["aud"])
		require.Equal(t, "2.0", claims["ver"])
		require.Equal(t, "https://login.microsoftonline.com/"+tenant+"/v2.0", claims["iss"])
		require.Equal(t, imdstest.DefaultObjectID, claims["sub"])
		require.Equal(t, imdstest.DefaultObjectID, claims["oid"])
		require.Equal(t, imdstest.DefaultClientID, claims["azp"])
		require.NotContains(t, claims, "appid")
		claims, err = c.server.Claims(c.ask(t.Context(), orders).token(t))
		require.NoError(t, err)
		require.Equal(t, "1.0", claims["ver"], "other resources have the form of their manifests")
	}
}

func TestApplicationGetsATokenForTheIdentitysOwn(t *testing.T) {
	t.Parallel()
	for name, open := range frontEnds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := open(t, &imdstest.Options{Applications: []imdstest.Application{{Roles: map[string][]string{orders: {"Writer"}}}}})
				t.Cleanup(c.server.Close)
				f := federate(c)
				got := f.exchange(t, tenant, imdstest.DefaultApplicationID, f.assertion(t), orders)
				claims := f.claims(t, got)
				for name, want := range map[string]any{
					"aud": orders, "appid": imdstest.DefaultApplicationID, "oid": imdstest.DefaultApplicationObjectID,
					"sub": imdstest.DefaultApplicationObjectID, "tid": tenant, "iss": "https://sts.windows.net/" + tenant + "/",
					"ver": "1.0", "roles": []any{"Writer"}, "exp": float64(time.Now().Add(75 * time.Minute).Unix()),
				} {
					require.Equal(t, want, claims[name], name)
				}
				members := got.object(t)
				delete(members, "access_token")
				require.Equal(t, map[string]any{"expires_in": 4500., "ext_expires_in": 4500., "token_type": "Bearer"}, members)

				log := c.server.Requests()
				require.Len(t, log, 2)
				require.Equal(t, []string{"IMDS", "workload identity"}, []string{log[0].Host, log[1].Host})
				require.Equal(t, exchangeAudience, log[0].Resource)
				require.Equal(t, orders, log[1].Resource)
				require.True(t, log[1].Minted)
				require.Equal(t, "REDACTED", log[1].Form.Get("client_assertion"))
			})
		})
	}
}

func TestApplicationsLifetime(t *testing.T) {
	t.Parallel()
	const cp1 = `{"access_token":{"xms_cc":{"values":["cp1"]}}}`
	for name, tc := range map[string]struct {
		lifetime time.Duration
		claims   []string
		want     float64
	}{
		"by default":                       {0, nil, 4500},
		"as told":                          {time.Hour, nil, 3600},
		"with the capability cp1":          {0, []string{"claims", cp1}, 86400},
		"with cp1, whatever it is":         {time.Hour, []string{"claims", cp1}, 86400},
		"with a challenge and no cp1":      {0, []string{"claims", `{"access_token":{"nbf":{"essential":true,"value":"1"}}}`}, 4500},
		"with another client's capability": {0, []string{"claims", `{"access_token":{"xms_cc":{"values":["x"]}}}`}, 4500},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := federate(inMemory(t, &imdstest.Options{Applications: []imdstest.Application{{TokenLifetime: tc.lifetime}}}))
			got := f.exchange(t, tenant, imdstest.DefaultApplicationID, f.assertion(t), orders, tc.claims...)
			require.Equal(t, tc.want, got.object(t)["expires_in"])
			claims := f.claims(t, got)
			require.Equal(t, tc.want+300, claims["exp"].(float64)-claims["nbf"].(float64))
		})
	}
}

func TestEntraJudgesAssertions(t *testing.T) {
	t.Parallel()
	ofGitHub := imdstest.FederatedCredential{Issuer: github, Subject: branch}
	ofPod := imdstest.FederatedCredential{Issuer: imdstest.ClusterIssuer, Subject: imdstest.ClusterSubject}
	ofGov := imdstest.FederatedCredential{Audience: exchangeAudience + "USGov"}
	set := func(name string, value any) func(*imdstest.JWT) {
		return func(j *imdstest.JWT) { j.Claims[name] = value }
	}
	minted := func(audience string, edits ...func(*imdstest.JWT)) func(*testing.T, federation) string {
		return func(_ *testing.T, f federation) string { return f.server.Mint(audience, edits...) }
	}
	ci := func(issuer, subject, audience string, edits ...func(*imdstest.JWT)) func(*testing.T, federation) string {
		return func(_ *testing.T, f federation) string {
			return f.server.Issuer().MintAssertion(issuer, subject, audience, edits...)
		}
	}
	for name, tc := range map[string]struct {
		credentials []imdstest.FederatedCredential
		assertion   func(*testing.T, federation) string
		number      string // "": it is good
	}{
		"the identity":                          {nil, minted(exchangeAudience), ""},
		"the identity, among others":            {[]imdstest.FederatedCredential{ofGitHub, {}}, minted(exchangeAudience), ""},
		"another cloud, as the credential says": {[]imdstest.FederatedCredential{ofGov}, minted(exchangeAudience + "USGov"), ""},
		"CI":                                    {[]imdstest.FederatedCredential{ofGitHub}, ci(github, branch, exchangeAudience), ""},
		"a pod": {[]imdstest.FederatedCredential{ofPod}, func(t *testing.T, f federation) string {
			token, err := os.ReadFile(f.server.WorkloadIdentity()["AZURE_FEDERATED_TOKEN_FILE"])
			require.NoError(t, err)
			return string(token)
		}, ""},

		"no credential at all":              {[]imdstest.FederatedCredential{}, minted(exchangeAudience), "70021"},
		"another issuer":                    {[]imdstest.FederatedCredential{ofGitHub}, ci("https://gitlab.com", branch, exchangeAudience), "700211"},
		"another subject":                   {[]imdstest.FederatedCredential{ofGitHub}, ci(github, "repo:shop/orders:pull_request", exchangeAudience), "700213"},
		"a subject in another case":         {[]imdstest.FederatedCredential{ofGitHub}, ci(github, "repo:Shop/Orders:ref:refs/heads/main", exchangeAudience), "7002138"},
		"another audience":                  {[]imdstest.FederatedCredential{ofGitHub}, ci(github, branch, "https://github.com/shop"), "700212"},
		"CI, too late":                      {[]imdstest.FederatedCredential{ofGitHub}, ci(github, branch, exchangeAudience, set("exp", time.Now().Unix()-1)), "700024"},
		"CI, too early":                     {[]imdstest.FederatedCredential{ofGitHub}, ci(github, branch, exchangeAudience, set("nbf", time.Now().Unix()+100)), "700024"},
		"CI, signed by somebody else":       {[]imdstest.FederatedCredential{ofGitHub}, ci(github, branch, exchangeAudience, func(j *imdstest.JWT) { j.Header["kid"] = "x" }), "50027"},
		"the identity, where CI is trusted": {[]imdstest.FederatedCredential{ofGitHub}, minted(exchangeAudience), "700211"},
		"another identity":                  {nil, minted(exchangeAudience, set("sub", nobody)), "700213"},
		"an expired token":                  {nil, minted(exchangeAudience, set("exp", time.Now().Unix()-1)), "700024"},
		"a token for a service":             {nil, minted(orders), "7002121"},
		"another cloud's audience":          {nil, minted(exchangeAudience + "China"), "70022204"},
		"an application's token":            {nil, minted(exchangeAudience, set("azp", imdstest.DefaultApplicationID)), "700226"},
		"a user's token":                    {nil, minted(exchangeAudience, set("scp", "user_impersonation")), "700229"},
		"another tenant's identity":         {nil, minted(exchangeAudience, set("iss", "https://login.microsoftonline.com/"+stranger+"/v2.0")), "700211"},
		"another tenant's, though the credential says so": {
			[]imdstest.FederatedCredential{{Issuer: "https://login.microsoftonline.com/" + stranger + "/v2.0"}},
			minted(exchangeAudience, set("iss", "https://login.microsoftonline.com/"+stranger+"/v2.0")), "700236",
		},
		"no token": {nil, func(*testing.T, federation) string { return "eyJ.x" }, "50027"},
		"nothing":  {nil, func(*testing.T, federation) string { return "" }, "7000216"},
		"the file's, with its line feed": {[]imdstest.FederatedCredential{ofGitHub}, func(t *testing.T, f federation) string {
			return ci(github, branch, exchangeAudience)(t, f) + "\n"
		}, "50027"},
		"a pod's token before the last rotation": {[]imdstest.FederatedCredential{ofPod}, func(t *testing.T, f federation) string {
			token, err := os.ReadFile(f.server.WorkloadIdentity()["AZURE_FEDERATED_TOKEN_FILE"])
			require.NoError(t, err)
			f.server.RotateFederatedToken()
			return string(token)
		}, "70021"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := federate(inMemory(t, &imdstest.Options{Applications: []imdstest.Application{{FederatedCredentials: tc.credentials}}}))
			t.Cleanup(f.server.Close)
			got := f.exchange(t, tenant, imdstest.DefaultApplicationID, tc.assertion(t, f), orders)
			if tc.number == "" {
				require.Equal(t, imdstest.DefaultApplicationID, f.claims(t, got)["appid"])
				return
			}
			require.Equal(t, http.StatusUnauthorized, got.status, got.body)
			requireBody(t, entra("invalid_client", tc.number), got.body)
		})
	}
}

func TestManagedIdentityTrustsNoOther(t *testing.T) {
	t.Parallel()
	f := federate(inMemory(t, &imdstest.Options{Applications: []imdstest.Application{{}}}))
	got := f.exchange(t, tenant, imdstest.DefaultClientID, f.assertion(t), orders)
	require.Equal(t, http.StatusUnauthorized, got.status)
	requireBody(t, entra("invalid_client", "700222"), got.body)
}

func TestApplicationInOtherTenants(t *testing.T) {
	t.Parallel()
	f := federate(inMemory(t, &imdstest.Options{
		Tenants:      []string{stranger},
		Applications: []imdstest.Application{{Tenants: []string{customer}}, {}},
	}))
	const second = "a0000000-0000-4000-8000-000000000002"
	home := f.claims(t, f.exchange(t, tenant, imdstest.DefaultApplicationID, f.assertion(t), orders))
	there := f.claims(t, f.exchange(t, customer, imdstest.DefaultApplicationID, f.assertion(t), orders))
	require.Equal(t, customer, there["tid"])
	require.Equal(t, "https://sts.windows.net/"+customer+"/", there["iss"])
	require.Equal(t, imdstest.DefaultApplicationID, there["appid"])
	require.NotEqual(t, home["oid"], there["oid"], "it has a service principal in each tenant")
	require.Equal(t, there["oid"], there["sub"])
	again := f.claims(t, f.exchange(t, customer, imdstest.DefaultApplicationID, f.assertion(t), vault))
	require.Equal(t, there["oid"], again["oid"])

	for name, tc := range map[string]struct {
		tenant, client string
		status         int
		code, number   string
	}{
		"multi-tenant, but not installed": {stranger, imdstest.DefaultApplicationID, 401, "invalid_client", "7000229"},
		"single-tenant":                   {customer, second, 400, "unauthorized_client", "700016"},
		"an identity":                     {customer, imdstest.DefaultClientID, 400, "unauthorized_client", "700016"},
		"nobody":                          {customer, nobody, 400, "unauthorized_client", "700016"},
		"no such tenant":                  {nobody, imdstest.DefaultApplicationID, 400, "invalid_request", "90002"},
	} {
		got := f.exchange(t, tc.tenant, tc.client, f.assertion(t), orders)
		require.Equal(t, tc.status, got.status, name)
		requireBody(t, entra(tc.code, tc.number), got.body)
	}
	require.Equal(t, second, f.claims(t, f.exchange(t, tenant, second, f.assertion(t), orders))["appid"])
}

func TestPodActsAsAnApplicationInAnotherTenant(t *testing.T) {
	t.Parallel()
	g := on(inMemory(t, &imdstest.Options{Applications: []imdstest.Application{{
		Tenants:              []string{customer},
		FederatedCredentials: []imdstest.FederatedCredential{{Issuer: imdstest.ClusterIssuer, Subject: imdstest.ClusterSubject}},
	}}}), "workload identity")
	t.Cleanup(g.server.Close)
	require.Equal(t, imdstest.DefaultClientID, g.environment["AZURE_CLIENT_ID"], "the pod may be either")
	g.environment["AZURE_CLIENT_ID"] = imdstest.DefaultApplicationID
	require.Equal(t, imdstest.DefaultApplicationID, g.appID(t, g.ask(t, orders)))
	g.environment["AZURE_TENANT_ID"] = customer
	require.Equal(t, imdstest.DefaultApplicationID, g.appID(t, g.ask(t, orders)))
}

func TestFaultsOfOneLeg(t *testing.T) {
	t.Parallel()
	f := federate(inMemory(t, &imdstest.Options{MintAfter: -1, Applications: []imdstest.Application{{}}}))
	assertion := f.assertion(t)
	legs := func() (endpoint, entra int) {
		return f.caller.ask(t.Context(), exchangeAudience).status,
			f.exchange(t, tenant, imdstest.DefaultApplicationID, assertion, orders).status
	}
	for name, tc := range map[string]struct {
		fault           imdstest.Fault
		endpoint, entra int
	}{
		"none":                  {imdstest.OK(), 200, 200},
		"of the endpoint":       {imdstest.Status(503).EndpointOnly(), 503, 200},
		"of the exchange":       {imdstest.Status(503).ExchangeOnly(), 200, 503},
		"of both":               {imdstest.Status(503), 503, 503},
		"an outage of Entra ID": {imdstest.EntraDown(), 500, 503},
		"a refusal at one":      {imdstest.EntraRefuses(501051, "No.").ExchangeOnly(), 200, 400},
	} {
		f.server.Break(tc.fault)
		endpoint, entra := legs()
		require.Equal(t, tc.endpoint, endpoint, name)
		require.Equal(t, tc.entra, entra, name)
	}
}

func TestServicesTrustTheTokensOfApplications(t *testing.T) {
	t.Parallel()
	f := federate(inMemory(t, &imdstest.Options{
		OptionalClaims: []string{"idtyp"},
		Applications:   []imdstest.Application{{Tenants: []string{customer}, Roles: map[string][]string{orders: {"Writer"}}}},
	}))
	for _, of := range []string{tenant, customer} {
		v := f.server.Verifier(t, &verify.Options{
			Audiences: []string{orders}, Tenants: []string{of}, Callers: []string{imdstest.DefaultApplicationID},
		})
		token := f.exchange(t, of, imdstest.DefaultApplicationID, f.assertion(t), orders).object(t)["access_token"].(string)
		claims, err := v.Verify(t.Context(), token)
		require.NoError(t, err)
		require.True(t, claims.AppOnly)
		require.True(t, claims.HasRole("Writer"))
		require.Equal(t, of, claims.TenantID)
		other := f.exchange(t, map[string]string{tenant: customer, customer: tenant}[of], imdstest.DefaultApplicationID, f.assertion(t), orders)
		_, err = v.Verify(t.Context(), other.object(t)["access_token"].(string))
		require.ErrorIs(t, err, verify.ErrIssuer, "a key of one tenant vouches for no other")
	}
}

func TestApplicationsLeadToEntra(t *testing.T) {
	t.Parallel()
	with := inMemory(t, withFiles(t, imdstest.Options{Applications: []imdstest.Application{{}}}))
	t.Cleanup(with.server.Close)
	without := inMemory(t, withFiles(t, imdstest.Options{}))
	t.Cleanup(without.server.Close)
	for host := range hosts {
		require.Equal(t, "https://imds.test/", on(with, host).environment["AZURE_AUTHORITY_HOST"], host)
		if host != "workload identity" && host != "identity binding" {
			require.NotContains(t, on(without, host).environment, "AZURE_AUTHORITY_HOST", host)
		}
	}
}

func TestApplicationsAreCopied(t *testing.T) {
	t.Parallel()
	opts := &imdstest.Options{Applications: []imdstest.Application{{
		Roles: map[string][]string{orders: {"Writer"}}, Tenants: []string{customer}, FederatedCredentials: []imdstest.FederatedCredential{{}},
	}}}
	f := federate(inMemory(t, opts))
	app := &opts.Applications[0]
	app.Roles[orders][0], app.Tenants[0], app.FederatedCredentials[0].Subject, app.ClientID = "Owner", stranger, nobody, nobody
	claims := f.claims(t, f.exchange(t, customer, imdstest.DefaultApplicationID, f.assertion(t), orders))
	require.Equal(t, []any{"Writer"}, claims["roles"])
}

func TestApplicationsHaveIDsOfTheirOwn(t *testing.T) {
	t.Parallel()
	for _, all := range [][]imdstest.Application{
		{{}, {ClientID: imdstest.DefaultApplicationID}},
		{{}, {ClientID: "C0000000-0000-4000-8000-000000000001"}},
	} {
		require.PanicsWithValue(t, "imdstest: Options.Applications[1] has the client id "+all[1].ClientID+", which is another's; give each its own", func() {
			imdstest.New(&imdstest.Options{Applications: all})
		})
	}
}

func TestMintAssertionIsACISystems(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := imdstest.New(nil)
		claims, err := server.Claims(server.Issuer().MintAssertion(github, branch, exchangeAudience, func(j *imdstest.JWT) {
			j.Claims["repository"] = "shop/orders"
		}))
		require.NoError(t, err)
		now := float64(time.Now().Unix())
		require.NotEmpty(t, claims["jti"])
		delete(claims, "jti")
		require.Equal(t, map[string]any{
			"iss": github, "sub": branch, "aud": exchangeAudience, "iat": now, "nbf": now, "exp": now + 600, "repository": "shop/orders",
		}, claims)
		require.Panics(t, func() {
			server.Issuer().MintAssertion("", "", "", func(j *imdstest.JWT) { j.Claims["x"] = make(chan int) })
		})
	})
}
