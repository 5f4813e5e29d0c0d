package imdstest_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
)

const (
	armB    = "/subscriptions/1/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/b"
	clientB = "bbbbbbbb-0000-4000-8000-000000000001"
	objectB = "bbbbbbbb-0000-4000-8000-000000000002"
	nobody  = "dddddddd-0000-4000-8000-000000000009"
)

// The identities that machines in tests have.
var (
	system = imdstest.Identity{SystemAssigned: true, ClientID: "aaaaaaaa-0000-4000-8000-000000000001"}
	userB  = imdstest.Identity{ClientID: clientB, ObjectID: objectB, ResourceID: armB}
)

func TestAppServiceJudgesRequests(t *testing.T) {
	const (
		good    = `{"access_token":"ey…`
		invalid = `{"statusCode":400,"message":"…`
		version = `{"statusCode":400,"message":"The api-version is missing or not supported.","correlationId":"GUID"}`
		missing = `{"statusCode":400,"message":"The resource is missing.","correlationId":"GUID"}`
		secret  = `{"statusCode":401,"message":"The X-IDENTITY-HEADER header is missing or wrong.","correlationId":"GUID"}`
		unknown = `{"statusCode":400,"message":"No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId.","correlationId":"GUID"}`
	)
	judge(t, "App Service", map[string]verdict{
		"as it should be":                 {asItIs, 200, good},
		"the newest api-version":          {setParameter("api-version", "2025-03-30"), 200, good},
		"a slash at the end":              {setPath("/msi/token/"), 200, good},
		"another path":                    {setPath("/msi"), 404, ""},
		"POST":                            {setMethod("POST"), 405, ""},
		"no secret":                       {func(r *http.Request) { r.Header.Del("X-Identity-Header") }, 401, secret},
		"a wrong secret":                  {setHeader("X-Identity-Header", nobody), 401, secret},
		"a blank secret":                  {setHeader("X-Identity-Header", ""), 401, secret},
		"another secret beside it":        {func(r *http.Request) { r.Header.Add("X-Identity-Header", nobody) }, 401, secret},
		"forwarded":                       {setHeader("X-Forwarded-For", "10.0.0.1"), 200, good},
		"no api-version":                  {setParameter("api-version"), 400, version},
		"the header of the other version": {setParameter("api-version", "2017-09-01"), 401, `{"statusCode":401,"message":"The Secret header is missing or wrong.","correlationId":"GUID"}`},
		"IMDS's api-version":              {setParameter("api-version", "2018-02-01"), 400, version},
		"no resource":                     {setParameter("resource"), 400, missing},
		"a blank resource":                {setParameter("resource", ""), 400, missing},
		"resource twice":                  {setParameter("resource", vault, orders), 400, invalid},
		"a malformed query":               {func(r *http.Request) { r.URL.RawQuery += "&x=%zz" }, 400, invalid},
		"a parameter nobody knows":        {setParameter("bypass_cache", "true"), 200, good},
		"the name that IMDS has":          {setParameter("msi_res_id", armB), 200, good},
		"the client id":                   {setParameter("client_id", imdstest.DefaultClientID), 200, good},
		"the object id":                   {setParameter("object_id", imdstest.DefaultObjectID), 200, good},
		"the object id by its other name": {setParameter("principal_id", imdstest.DefaultObjectID), 200, good},
		"a client id nobody has":          {setParameter("client_id", nobody), 400, unknown},
		"an ARM id nobody has":            {setParameter("mi_res_id", armB), 400, unknown},
		"a blank id":                      {setParameter("client_id", ""), 400, unknown},
		"two ids": {func(r *http.Request) {
			setParameter("client_id", imdstest.DefaultClientID)(r)
			setParameter("principal_id", imdstest.DefaultObjectID)(r)
		}, 400, invalid},
	})
}

func TestAppServiceWantsAnIDUnlessThereIsASystemAssignedIdentity(t *testing.T) {
	t.Parallel()
	requireChosen(t, "App Service", map[string]choice{
		"a system-assigned one":              {[]imdstest.Identity{userB, system}, nil, system.ClientID},
		"only a user-assigned one":           {[]imdstest.Identity{userB}, nil, ""},
		"several user-assigned ones":         {[]imdstest.Identity{userB, {}}, nil, ""},
		"none":                               {[]imdstest.Identity{}, nil, ""},
		"a user-assigned one by client id":   {[]imdstest.Identity{userB}, []string{"client_id", clientB}, clientB},
		"a user-assigned one by object id":   {[]imdstest.Identity{system, userB}, []string{"object_id", objectB}, clientB},
		"a user-assigned one by principal":   {[]imdstest.Identity{system, userB}, []string{"principal_id", objectB}, clientB},
		"a user-assigned one by resource id": {[]imdstest.Identity{system, userB}, []string{"mi_res_id", armB}, clientB},
	}, func(t *testing.T, got outcome) {
		require.Equal(t, http.StatusBadRequest, got.status)
		requireBody(t, `{"statusCode":400,"message":"Unable to load the proper Managed Identity.","correlationId":"GUID"}`, got.body)
	})
}

func TestAppServicePassesOnWhatEntraSays(t *testing.T) {
	t.Parallel()
	g := on(inMemory(t, &imdstest.Options{Resources: []string{vault}}), "App Service")
	got := g.ask(t, orders)
	require.Equal(t, http.StatusBadRequest, got.status)
	requireBody(t, `{"statusCode":400,"message":"AADSTS50001: The application named https://orders.example wasn't found in the tenant named …`, got.body)

	g.server.Break(imdstest.EntraDown())
	got = g.ask(t, vault)
	require.Equal(t, http.StatusInternalServerError, got.status)
	requireBody(t, `{"statusCode":500,"message":"An unexpected error occured while fetching the AAD Token.","correlationId":"GUID"}`, got.body)
}
