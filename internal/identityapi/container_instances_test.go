package identityapi_test

import (
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/identityapi"
)

const containerURL = "http://10.92.0.12:2377/container/metadata/identity/oauth2/token"

func containerRequest(pairs ...string) *http.Request {
	return request(http.MethodGet, containerURL, map[string]string{"secret": hush},
		append([]string{"api-version", "1.0", "resource", vault}, pairs...)...)
}

func TestContainerInstancesTakeObjectIDsOnly(t *testing.T) {
	t.Parallel()
	nobody := identityapi.ID{}
	for name, c := range map[string]struct {
		pairs []string
		want  identityapi.ID
	}{
		"none":                   {nil, nobody},
		"a principal id":         {[]string{"principalId", object}, identityapi.ID{Kind: identityapi.ObjectID, Value: object}},
		"a client id":            {[]string{"client_id", client}, nobody},
		"IMDS's object id":       {[]string{"object_id", object}, nobody},
		"App Service's":          {[]string{"principal_id", object}, nobody},
		"a resource id":          {[]string{"msi_res_id", arm, "mi_res_id", arm}, nobody},
		"a parameter of nothing": {[]string{"bypass_cache", "false"}, nobody},
	} {
		s := willing()
		w := serve(identityapi.ContainerInstances{Secret: text(hush)}, s, containerRequest(c.pairs...))
		require.Equal(t, http.StatusOK, w.Code, name)
		require.Equal(t, []identityapi.Request{{Resource: vault, ID: c.want}}, s.asked, name)
	}
}

func TestContainerInstancesReply(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := serve(identityapi.ContainerInstances{Secret: text(hush)}, willing(), containerRequest())
		require.Equal(t, "Kestrel", w.Header().Get("Server"))
		require.Equal(t, map[string]any{
			"access_token": "ey.token", "client_id": client, "expires_on": "946688400", "resource": vault, "token_type": "Bearer",
		}, members(t, w))
	})
}

func TestContainerInstancesRefusals(t *testing.T) {
	t.Parallel()
	const undefined = `{"error":{"code":"DefaultIdentityNotDefined","message":"DefaultIdentityNotDefined","details":[]}}`
	e := identityapi.ContainerInstances{Secret: text(hush)}
	requireRefusals(t, e, func() *http.Request { return containerRequest() }, map[string]refusal{
		"no identity": {notFound, 404, undefined},
		"several":     {ambiguous, 404, undefined},
		"no resource": {noResource, 400, `{"error":{"code":"invalid_resource","message":"AADSTS50001: not here","details":[]}}`},
		"no role":     {noRole, 400, `"code":"invalid_grant","message":"AADSTS501051: No role.`},
		"away":        {away, 500, `"InternalServerError"`},
		"unavailable": {unavailable, 503, `"ServiceUnavailable"`},
		"throttled":   {throttled, 429, `"TooManyRequests"`},
	})
	t.Run("of what SDKs send that take it for App Service", func(t *testing.T) {
		t.Parallel()
		for name, r := range map[string]*http.Request{
			"2019": request(http.MethodGet, containerURL, map[string]string{"X-IDENTITY-HEADER": hush}, "api-version", "2019-08-01", "resource", vault),
			"2019 with an id": request(http.MethodGet, containerURL, map[string]string{"X-IDENTITY-HEADER": hush},
				"api-version", "2019-08-01", "resource", vault, "client_id", client),
			"2019 beside the version of the address": request(http.MethodGet, containerURL, map[string]string{"X-IDENTITY-HEADER": hush},
				"api-version", "1.0", "api-version", "2019-08-01", "resource", vault),
		} {
			s := willing()
			w := serve(e, s, r)
			require.Equal(t, http.StatusNotFound, w.Code, name)
			require.Equal(t, undefined, w.Body.String(), name)
			require.Empty(t, s.asked, name)
		}
	})
	for name, c := range map[string]struct {
		request *http.Request
		status  int
	}{
		"a wrong secret":             {withHeader(containerRequest(), "Secret", hush+"x"), 401},
		"a blank secret":             {withHeader(containerRequest(), "Secret", ""), 401},
		"the secret twice":           {withHeader(containerRequest(), "Secret", hush, hush), 401},
		"the version of App Service": {request(http.MethodGet, containerURL, map[string]string{"Secret": hush}, "api-version", "2017-09-01", "resource", vault), 400},
		"no version":                 {request(http.MethodGet, containerURL, map[string]string{"Secret": hush}, "resource", vault), 400},
		"no resource":                {request(http.MethodGet, containerURL, map[string]string{"Secret": hush}, "api-version", "1.0"), 400},
		"an id twice":                {containerRequest("principalId", object, "principalId", object), 400},
		"POST":                       {request(http.MethodPost, containerURL, map[string]string{"Secret": hush}, "api-version", "1.0", "resource", vault), 405},
	} {
		s := willing()
		require.Equal(t, c.status, serve(e, s, c.request).Code, name)
		require.Empty(t, s.asked, name)
	}
	require.Equal(t, 401, serve(identityapi.ContainerInstances{}, willing(), withHeader(containerRequest(), "Secret", "")).Code)
}
