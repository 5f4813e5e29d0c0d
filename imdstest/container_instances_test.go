package imdstest_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
)

// undefined is the one refusal of container instances on Windows that is known.
const undefined = `{"error":{"code":"DefaultIdentityNotDefined","message":"DefaultIdentityNotDefined","details":[]}}`

func TestContainerInstancesJudgeRequests(t *testing.T) {
	problem := func(code string) string { return `{"error":{"code":"` + code + `","message":"…` }
	const good = `{"access_token":"ey…`
	judge(t, "Container Instances on Windows", map[string]verdict{
		"as it should be":           {asItIs, 200, good},
		"a slash at the end":        {setPath("/container/metadata/identity/oauth2/token/"), 200, good},
		"forwarded":                 {setHeader("X-Forwarded-For", "10.0.0.1"), 200, good},
		"POST":                      {setMethod("POST"), 405, ""},
		"no secret":                 {func(r *http.Request) { r.Header.Del("Secret") }, 404, undefined},
		"a wrong secret":            {setHeader("Secret", nobody), 401, problem("Unauthorized")},
		"another secret beside it":  {func(r *http.Request) { r.Header.Add("Secret", nobody) }, 401, problem("Unauthorized")},
		"no api-version":            {setParameter("api-version"), 400, problem("InvalidApiVersion")},
		"App Service's api-version": {setParameter("api-version", "2019-08-01"), 400, problem("InvalidApiVersion")},
		"no resource":               {setParameter("resource"), 400, problem("ArgumentNullOrEmpty")},
		"resource twice":            {setParameter("resource", vault, vault), 400, problem("BadRequest")},
		"the object id":             {setParameter("principalId", imdstest.DefaultObjectID), 200, good},
		"an object id nobody has":   {setParameter("principalId", nobody), 404, undefined},
		"a blank object id":         {setParameter("principalId", ""), 404, undefined},
		"the client id as object":   {setParameter("principalId", imdstest.DefaultClientID), 404, undefined},
		"a client id, ignored":      {setParameter("client_id", nobody), 200, good},
		"a request as of App Service": {func(r *http.Request) {
			setParameter("api-version", "2019-08-01")(r)
			setParameter("client_id", imdstest.DefaultClientID)(r)
			r.Header.Set("X-Identity-Header", r.Header.Get("Secret"))
			r.Header.Del("Secret")
		}, 404, undefined},
	})
}

func TestContainerInstancesWantAnIDUnlessThereIsASystemAssignedIdentity(t *testing.T) {
	t.Parallel()
	requireChosen(t, "Container Instances on Windows", map[string]choice{
		"a system-assigned one":            {[]imdstest.Identity{userB, system}, nil, system.ClientID},
		"only a user-assigned one":         {[]imdstest.Identity{userB}, nil, ""},
		"none":                             {[]imdstest.Identity{}, nil, ""},
		"a user-assigned one by object id": {[]imdstest.Identity{system, userB}, []string{"principalId", objectB}, clientB},
		"the only one by object id":        {[]imdstest.Identity{userB}, []string{"principalId", objectB}, clientB},
		"by the names of other hosts":      {[]imdstest.Identity{userB}, []string{"client_id", clientB, "object_id", objectB, "mi_res_id", armB}, ""},
	}, func(t *testing.T, got outcome) {
		require.Equal(t, http.StatusNotFound, got.status)
		require.Equal(t, undefined, got.body)
		require.Equal(t, "Kestrel", got.header.Get("Server"))
	})
}

func TestContainerInstancesPassOnWhatEntraSays(t *testing.T) {
	t.Parallel()
	g := on(inMemory(t, &imdstest.Options{Resources: []string{vault}}), "Container Instances on Windows")
	got := g.ask(t, orders)
	require.Equal(t, http.StatusBadRequest, got.status)
	requireBody(t, `{"error":{"code":"invalid_resource","message":"AADSTS50001: …`, got.body)
	g.server.Break(imdstest.EntraDown())
	require.Equal(t, http.StatusInternalServerError, g.ask(t, vault).status)
}
