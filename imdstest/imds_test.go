package imdstest_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
)

func TestIMDSRepliesAsCaptured(t *testing.T) {
	inBothFrontEnds(t, func(t *testing.T, c caller) {
		now := time.Now().Unix()
		got := c.ask(t.Context(), vault)
		require.Equal(t, http.StatusOK, got.status)
		require.Equal(t, "application/json; charset=utf-8", got.header.Get("Content-Type"))
		require.Equal(t, "IMDS/150.870.65.1103", got.header.Get("Server"))
		require.Equal(t, strconv.Itoa(len(got.body)), got.header.Get("Content-Length"))
		require.EqualValues(t, len(got.body), got.length)
		fields := got.fields(t)
		require.Equal(t, map[string]string{
			"access_token":   fields["access_token"],
			"client_id":      imdstest.DefaultClientID,
			"expires_in":     "86400",
			"expires_on":     strconv.FormatInt(now+86_400, 10),
			"ext_expires_in": "86399",
			"not_before":     strconv.FormatInt(now-300, 10),
			"resource":       vault,
			"token_type":     "Bearer",
		}, fields)
		require.True(t, strings.HasPrefix(got.body, `{"access_token":"ey`), "the order of members is that of the captured reply")

		time.Sleep(83 * time.Second)
		require.Equal(t, with(fields, map[string]string{"expires_in": "86317"}), c.ask(t.Context(), vault).fields(t))
	})
}

func TestIMDSJudgesRequests(t *testing.T) {
	t.Parallel()
	const (
		noMetadata = `{"error":"invalid_request","error_description":"Required metadata header not specified"}`
		noIdentity = `{"error":"invalid_request","error_description":"Identity not found"}`
		noResource = `{"error":"invalid_request","error_description":"Required query variable 'resource' is missing"}`
		badVersion = `{"error":"Bad request. api-version is invalid or was not specified in the request. For more information refer to aka.ms/azureimds","newest-versions":["2025-04-07","2024-07-17","2024-03-15"]}`
		anyInvalid = `"error":"invalid_request"`
	)
	parameter := func(name string, values ...string) func(*http.Request) {
		return func(r *http.Request) {
			query := r.URL.Query()
			query[name] = values
			r.URL.RawQuery = query.Encode()
		}
	}
	header := func(name string, values ...string) func(*http.Request) {
		return func(r *http.Request) { r.Header[name] = values }
	}
	method := func(name string) func(*http.Request) { return func(r *http.Request) { r.Method = name } }
	path := func(p string) func(*http.Request) { return func(r *http.Request) { r.URL.Path = p } }

	for name, tc := range map[string]struct {
		change func(*http.Request)
		status int
		body   string // the answer has this in it; blank: nothing at all
	}{
		"as it should be":               {func(*http.Request) {}, 200, `"token_type":"Bearer"`},
		"no method named":               {method(""), 200, `"token_type":"Bearer"`},
		"a slash at the end":            {path("/metadata/identity/oauth2/token/"), 200, `"token_type":"Bearer"`},
		"two slashes at the end":        {path("/metadata/identity/oauth2/token//"), 404, ""},
		"a slash too many":              {path("//metadata/identity/oauth2/token"), 404, ""},
		"an escaped path":               {func(r *http.Request) { r.URL.RawPath = "/metadata/identity/oauth2/toke%6e" }, 404, ""},
		"another path":                  {path("/metadata/instance"), 404, ""},
		"the path of App Service":       {path("/msi/token"), 401, `"statusCode":401`},
		"no path":                       {path(""), 404, ""},
		"POST":                          {method("POST"), 405, ""},
		"HEAD":                          {method("HEAD"), 405, ""},
		"PUT":                           {method("PUT"), 405, ""},
		"no Metadata":                   {func(r *http.Request) { r.Header.Del("Metadata") }, 400, noMetadata},
		"Metadata: True":                {header("Metadata", "True"), 400, noMetadata},
		"Metadata: false":               {header("Metadata", "false"), 400, noMetadata},
		"Metadata twice":                {header("Metadata", "true", "true"), 400, noMetadata},
		"a probe without a query":       {func(r *http.Request) { r.Header.Del("Metadata"); r.URL.RawQuery = "" }, 400, noMetadata},
		"metadata in lower case":        {func(r *http.Request) { r.Header = http.Header{"metadata": {"true"}} }, 200, `"token_type":"Bearer"`},
		"forwarded":                     {header("X-Forwarded-For", "10.0.0.1"), 400, anyInvalid},
		"forwarded for nobody":          {header("X-Forwarded-For", ""), 400, anyInvalid},
		"no api-version":                {parameter("api-version"), 400, badVersion},
		"a blank api-version":           {parameter("api-version", ""), 400, badVersion},
		"an unknown api-version":        {parameter("api-version", "2018-02-02"), 400, badVersion},
		"App Service's api-version":     {parameter("api-version", "2019-08-02"), 400, badVersion},
		"the newest api-version":        {parameter("api-version", "2025-04-07"), 200, `"token_type":"Bearer"`},
		"api-version twice":             {parameter("api-version", "2018-02-01", "2018-02-01"), 400, anyInvalid},
		"no resource":                   {parameter("resource"), 400, noResource},
		"a blank resource":              {parameter("resource", ""), 400, noResource},
		"resource twice":                {parameter("resource", vault, vault), 400, anyInvalid},
		"any parameter twice":           {parameter("bypass_cache", "true", "true"), 400, anyInvalid},
		"a parameter nobody knows":      {parameter("bypass_cache", "true"), 200, `"token_type":"Bearer"`},
		"a malformed query":             {func(r *http.Request) { r.URL.RawQuery += "&x=%zz" }, 400, anyInvalid},
		"an id that is not assigned":    {parameter("client_id", "00000000-0000-0000-0000-000000000000"), 400, noIdentity},
		"a blank id":                    {parameter("client_id", ""), 400, noIdentity},
		"the id":                        {parameter("client_id", imdstest.DefaultClientID), 200, `"token_type":"Bearer"`},
		"the id twice":                  {parameter("client_id", imdstest.DefaultClientID, imdstest.DefaultClientID), 400, anyInvalid},
		"the name that App Service has": {parameter("mi_res_id", "/subscriptions/x"), 400, "mi_res_id"},
		"two ids": {func(r *http.Request) {
			parameter("client_id", imdstest.DefaultClientID)(r)
			parameter("object_id", imdstest.DefaultObjectID)(r)
		}, 400, anyInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for name, open := range frontEnds {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						c := open(t, nil)
						r := tokenRequest(t.Context(), c.server.URL, vault)
						tc.change(r)
						got := c.send(r)
						require.NoError(t, got.err)
						require.Equal(t, tc.status, got.status, got.body)
						if strings.HasPrefix(tc.body, "{") {
							require.Equal(t, tc.body, got.body)
						} else {
							require.Contains(t, got.body, tc.body)
						}
						if tc.body == "" {
							require.Empty(t, got.body)
						} else {
							require.Equal(t, "application/json; charset=utf-8", got.header.Get("Content-Type"))
						}
						if tc.status == http.StatusMethodNotAllowed {
							require.Equal(t, "GET", got.header.Get("Allow"))
						}
						if tc.status != http.StatusOK {
							require.NotContains(t, got.body, "access_token")
						}
						require.Equal(t, 1, c.server.Count(), "refused requests count too")
						require.Equal(t, tc.status, c.server.Requests()[0].Status)
					})
				})
			}
		})
	}
}

func TestIMDSPassesOnThatAResourceIsUnknown(t *testing.T) {
	t.Parallel()
	c := inMemory(t, &imdstest.Options{Resources: []string{vault}})
	require.NotEmpty(t, c.ask(t.Context(), vault).token(t))
	for _, resource := range []string{orders, vault + "/"} {
		got := c.ask(t.Context(), resource)
		require.Equal(t, http.StatusBadRequest, got.status)
		fields := got.fields(t)
		require.Equal(t, "invalid_resource", fields["error"])
		require.Contains(t, fields["error_description"],
			"AADSTS50001: The application named "+resource+" wasn't found in the tenant named "+imdstest.DefaultTenantID)
	}
	none := inMemory(t, &imdstest.Options{Resources: []string{}})
	require.Equal(t, http.StatusBadRequest, none.ask(t.Context(), vault).status)
}

func TestIMDSTakesAResourceAsItIs(t *testing.T) {
	t.Parallel()
	c := inMemory(t, nil)
	for _, resource := range []string{vault, vault + "/", "api://4ab3ef1d/<a>&b", "HTTPS://Vault.azure.net", url.QueryEscape(vault)} {
		got := c.ask(t.Context(), resource)
		require.Equal(t, resource, got.fields(t)["resource"])
		claims, err := c.server.Claims(got.token(t))
		require.NoError(t, err)
		require.Equal(t, resource, claims["aud"])
	}
}
