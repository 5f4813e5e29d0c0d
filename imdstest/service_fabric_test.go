package imdstest_test

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
)

func TestServiceFabricJudgesRequests(t *testing.T) {
	problem := func(code string) string {
		return `{"error":{"correlationId":"GUID","code":"` + code + `","message":"…`
	}
	const good = `{"token_type":"Bearer","access_token":"ey…`
	judge(t, "Service Fabric", map[string]verdict{
		"as it should be":          {asItIs, 200, good},
		"the other api-version":    {setParameter("api-version", "2020-05-01"), 200, good},
		"no api-version":           {setParameter("api-version"), 400, problem("InvalidApiVersion")},
		"App Service's version":    {setParameter("api-version", "2019-08-01"), 400, problem("InvalidApiVersion")},
		"no secret":                {func(r *http.Request) { r.Header.Del("Secret") }, 400, problem("SecretHeaderNotFound")},
		"a wrong secret":           {setHeader("Secret", nobody), 401, problem("Unauthorized")},
		"no resource":              {setParameter("resource"), 400, problem("ArgumentNullOrEmpty")},
		"resource twice":           {setParameter("resource", vault, vault), 400, problem("BadRequest")},
		"POST":                     {setMethod("POST"), 405, ""},
		"an id, which is nothing":  {setParameter("client_id", nobody), 200, good},
		"another, which is ditto":  {setParameter("mi_res_id", armB), 200, good},
		"a parameter nobody knows": {setParameter("bypass_cache", "true"), 200, good},
	})
}

func TestServiceFabricGivesTheApplicationsIdentity(t *testing.T) {
	ownIdentity(t, "Service Fabric", 404)
}

// ownIdentity checks a host on which no request can name an identity.
func ownIdentity(t *testing.T, host string, missing int) {
	t.Helper()
	t.Parallel()
	for name, tc := range map[string]struct {
		identities []imdstest.Identity
		client     string // blank: none
	}{
		"a system-assigned one":    {[]imdstest.Identity{userB, system}, system.ClientID},
		"else the first":           {[]imdstest.Identity{userB, {}}, clientB},
		"or the only one":          {[]imdstest.Identity{userB}, clientB},
		"none where there is none": {[]imdstest.Identity{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := on(inMemory(t, &imdstest.Options{Identities: tc.identities}), host)
			got := g.ask(t, vault)
			if tc.client == "" {
				require.Equal(t, missing, got.status)
				require.NotContains(t, got.body, "access_token")
				return
			}
			require.Equal(t, tc.client, g.appID(t, got))
		})
	}
}

func TestServiceFabricReplacesARejectedToken(t *testing.T) {
	t.Parallel()
	inBothFrontEndsOn(t, "Service Fabric", imdstest.Options{}, func(t *testing.T, g guest) {
		token := func(more ...string) string { return g.ask(t, vault, more...).object(t)["access_token"].(string) }
		kept := token()
		hash := fmt.Sprintf("%x", sha256.Sum256([]byte(kept)))
		require.Equal(t, kept, token("token_sha256_to_refresh", hash), "without the capability")
		require.Equal(t, kept, token("xms_cc", "cp1"), "without a hash")
		require.Equal(t, kept, token("xms_cc", "cp1", "token_sha256_to_refresh", fmt.Sprintf("%x", sha256.Sum256(nil))), "another's hash")

		g.server.Next(imdstest.EntraDown())
		require.Equal(t, http.StatusInternalServerError, g.ask(t, vault, "xms_cc", "cp1", "token_sha256_to_refresh", hash).status)
		require.Equal(t, kept, token(), "an outage takes nothing away")

		minted := token("xms_cc", "cp0,cp1", "token_sha256_to_refresh", hash)
		require.NotEqual(t, kept, minted)
		require.True(t, g.asked().Minted)
		require.Equal(t, minted, token(), "and is kept in its place")
		require.Equal(t, minted, token("xms_cc", "cp1", "token_sha256_to_refresh", hash), "only the one that is kept is replaced")
	})
}

func TestServiceFabricPassesOnWhatEntraSays(t *testing.T) {
	t.Parallel()
	g := on(inMemory(t, &imdstest.Options{Resources: []string{vault}}), "Service Fabric")
	got := g.ask(t, orders)
	require.Equal(t, http.StatusBadRequest, got.status)
	requireBody(t, `{"error":{"correlationId":"GUID","code":"invalid_resource","message":"AADSTS50001: …`, got.body)
	g.server.Break(imdstest.EntraDown())
	got = g.ask(t, vault)
	require.Equal(t, http.StatusInternalServerError, got.status)
	requireBody(t, `{"error":{"correlationId":"GUID","code":"InternalServerError",…`, got.body)
}
