package imdstest_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
)

func TestAzureMLJudgesRequests(t *testing.T) {
	const (
		good    = `{"access_token":"ey…`
		invalid = `{"error":"invalid_request","error_description":"…`
		secret  = `{"error":"unauthorized_client","error_description":"…`
	)
	judge(t, "Azure ML", map[string]verdict{
		"as it should be":            {asItIs, 200, good},
		"with a Metadata header":     {setHeader("Metadata", "true"), 200, good},
		"POST":                       {setMethod("POST"), 405, ""},
		"the path in lower case":     {setPath("/msi/auth"), 404, ""},
		"no secret":                  {func(r *http.Request) { r.Header.Del("Secret") }, 401, secret},
		"a wrong secret":             {setHeader("Secret", nobody), 401, secret},
		"no api-version":             {setParameter("api-version"), 400, invalid},
		"App Service's api-version":  {setParameter("api-version", "2019-08-01"), 400, invalid},
		"no resource":                {setParameter("resource"), 400, invalid},
		"resource twice":             {setParameter("resource", vault, vault), 400, invalid},
		"a blank id":                 {setParameter("clientid", ""), 200, good},
		"an id that is not assigned": {setParameter("clientid", nobody), 400, `{"error":"invalid_request","error_description":"Identity not found"}`},
		"the name that others have":  {setParameter("client_id", nobody), 200, good},
	})
}

func TestAzureMLTakesClientIDsOnly(t *testing.T) {
	t.Parallel()
	g := on(inMemory(t, &imdstest.Options{Identities: []imdstest.Identity{userB, system, {}}}), "Azure ML")
	require.Equal(t, system.ClientID, g.environment["DEFAULT_IDENTITY_CLIENT_ID"])
	require.Equal(t, system.ClientID, g.appID(t, g.ask(t, vault)))
	require.Equal(t, clientB, g.appID(t, g.ask(t, vault, "clientid", clientB)))
	require.Equal(t, system.ClientID, g.appID(t, g.ask(t, vault, "object_id", objectB)))
}

func TestAzureMLGivesTheComputesIdentity(t *testing.T) { ownIdentity(t, "Azure ML", 400) }

func TestAzureMLPassesOnWhatEntraSays(t *testing.T) {
	t.Parallel()
	g := on(inMemory(t, &imdstest.Options{Resources: []string{vault}}), "Azure ML")
	got := g.ask(t, orders)
	require.Equal(t, http.StatusBadRequest, got.status)
	require.Equal(t, "invalid_resource", got.object(t)["error"])
	g.server.Break(imdstest.EntraDown())
	require.Equal(t, http.StatusInternalServerError, g.ask(t, vault).status)
}
