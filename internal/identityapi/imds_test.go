package identityapi_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/identityapi"
)

const imdsURL = "http://169.254.169.254/metadata/identity/oauth2/token"

func imdsRequest(pairs ...string) *http.Request {
	return request(http.MethodGet, imdsURL, map[string]string{"Metadata": "true"},
		append([]string{"api-version", "2018-02-01", "resource", vault}, pairs...)...)
}

func TestIMDSReadsWhatIsAskedFor(t *testing.T) {
	t.Parallel()
	hash := strings.Repeat("a", 64)
	for name, c := range map[string]struct {
		pairs           []string
		exact, tolerant identityapi.Request // a zero one: refused
	}{
		"no id": {nil, identityapi.Request{}, identityapi.Request{}},
		"a client id": {
			[]string{"client_id", client},
			identityapi.Request{ID: identityapi.ID{Kind: identityapi.ClientID, Value: client}},
			identityapi.Request{ID: identityapi.ID{Kind: identityapi.ClientID, Value: client}},
		},
		"a blank id": {
			[]string{"object_id", ""},
			identityapi.Request{ID: identityapi.ID{Kind: identityapi.ObjectID}},
			identityapi.Request{ID: identityapi.ID{Kind: identityapi.ObjectID}},
		},
		"an ARM id": {
			[]string{"msi_res_id", arm},
			identityapi.Request{ID: identityapi.ID{Kind: identityapi.ResourceID, Value: arm}},
			identityapi.Request{ID: identityapi.ID{Kind: identityapi.ResourceID, Value: arm}},
		},
		"an ARM id as Azure.Core spells it": {
			[]string{"msi-res-id", arm}, identityapi.Request{},
			identityapi.Request{ID: identityapi.ID{Kind: identityapi.ResourceID, Value: arm}},
		},
		"a principal id": {
			[]string{"principal_id", object}, identityapi.Request{},
			identityapi.Request{ID: identityapi.ID{Kind: identityapi.ObjectID, Value: object}},
		},
		"past the cache": {
			[]string{"bypass_cache", "true"}, identityapi.Request{Fresh: true}, identityapi.Request{Fresh: true},
		},
		"a rejected token": {
			[]string{"token_sha256_to_refresh", hash}, identityapi.Request{}, identityapi.Request{Rejected: hash},
		},
	} {
		for e, want := range map[identityapi.IMDS]identityapi.Request{
			{}: c.exact, {Tolerance: identityapi.Tolerant}: c.tolerant,
		} {
			want.Resource = vault
			s := willing()
			w := serve(e, s, imdsRequest(c.pairs...))
			require.Equal(t, http.StatusOK, w.Code, "%s: %s", name, w.Body)
			require.Equal(t, []identityapi.Request{want}, s.asked, name)
		}
	}
}

func TestIMDSTolerates(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change          func(*http.Request)
		exact, tolerant int
	}{
		"App Service's spelling (msal4j)": {func(r *http.Request) { r.URL.RawQuery += "&mi_res_id=" + arm }, 400, 200},
		"two slashes (msal4j)":            {func(r *http.Request) { r.URL.Path = "/" + r.URL.Path }, 404, 200},
		"two slashes at both ends":        {func(r *http.Request) { r.URL.Path = "/" + r.URL.Path + "/" }, 404, 200},
		"three slashes":                   {func(r *http.Request) { r.URL.Path = "//" + r.URL.Path }, 404, 404},
		"a slash at the end (msal-node)":  {func(r *http.Request) { r.URL.Path += "/" }, 200, 200},
		"Rust's api-version and header": {func(r *http.Request) {
			r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "2018-02-01", "2019-08-01", 1)
			r.Header.Set("x-identity-header", hush)
		}, 200, 200},
		"a Content-Type (msal-node)":  {func(r *http.Request) { r.Header.Set("Content-Type", "application/json") }, 200, 200},
		"a probe with a query (.NET)": {func(r *http.Request) { r.Header.Del("Metadata") }, 400, 400},
		"a probe for tokens of another kind": {func(r *http.Request) {
			r.URL.Path = "/metadata/identity/getplatformmetadata"
		}, 404, 404},
		"forwarded":                   {func(r *http.Request) { r.Header.Set("X-Forwarded-For", "10.0.0.1") }, 400, 400},
		"a parameter twice":           {func(r *http.Request) { r.URL.RawQuery += "&resource=" + vault }, 400, 400},
		"two spellings of one id":     {func(r *http.Request) { r.URL.RawQuery += "&client_id=a&clientid=a" }, 200, 400},
		"an api-version of no time":   {func(r *http.Request) { r.URL.RawQuery = "api-version=2018-02-02&resource=r" }, 400, 400},
		"HEAD":                        {func(r *http.Request) { r.Method = http.MethodHead }, 405, 405},
		"the preflight of a web page": {func(r *http.Request) { r.Method = http.MethodOptions }, 405, 405},
	} {
		for tolerance, want := range map[identityapi.Tolerance]int{identityapi.Exact: c.exact, identityapi.Tolerant: c.tolerant} {
			s, r := willing(), imdsRequest()
			c.change(r)
			w := serve(identityapi.IMDS{Tolerance: tolerance}, s, r)
			require.Equal(t, want, w.Code, "%s: %s", name, w.Body)
			require.Equal(t, want == http.StatusOK, len(s.asked) == 1, "the source has good requests only")
		}
	}
}

func TestIMDSReply(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := serve(identityapi.IMDS{}, willing(), imdsRequest())
		require.Equal(t, map[string]any{
			"access_token": "ey.token", "client_id": client, "expires_in": "3600", "expires_on": "946688400",
			"ext_expires_in": "7199", "not_before": "946681200", "resource": vault, "token_type": "Bearer",
		}, members(t, w))
		require.Equal(t, "application/json; charset=utf-8", w.Header().Get("Content-Type"))
		require.Regexp(t, "^IMDS/", w.Header().Get("Server"))

		s := willing()
		s.token = identityapi.Token{Value: "ey.token", ExpiresOn: s.token.ExpiresOn}
		require.Equal(t, map[string]any{
			"access_token": "ey.token", "expires_in": "3600", "expires_on": "946688400", "resource": vault, "token_type": "Bearer",
		}, members(t, serve(identityapi.IMDS{}, s, imdsRequest())), "what is not known is not told")
	})
}

func TestIMDSRefusals(t *testing.T) {
	t.Parallel()
	requireRefusals(t, identityapi.IMDS{}, func() *http.Request { return imdsRequest() }, map[string]refusal{
		"no identity": {notFound, 400, `{"error":"invalid_request","error_description":"Identity not found"}`},
		"several":     {ambiguous, 400, "Multiple user assigned identities exist"},
		"no resource": {noResource, 400, `{"error":"invalid_resource","error_description":"AADSTS50001: not here"}`},
		"no role":     {noRole, 400, `{"error":"invalid_grant","error_description":"AADSTS501051: No role. Trace ID: GUID Correlation ID: GUID Timestamp: `},
		"away":        {away, 500, `{"error":"unknown",`},
		"unavailable": {unavailable, 503, `"temporarily_unavailable"`},
		"throttled":   {throttled, 429, `"temporarily_unavailable"`},
	})
	upstream := identityapi.Failure{Reason: identityapi.Refused, Status: 403, Code: "forbidden", Text: "As upstream said."}
	w := serve(identityapi.IMDS{}, &source{failure: &upstream}, imdsRequest())
	require.Equal(t, 403, w.Code)
	require.Equal(t, `{"error":"forbidden","error_description":"As upstream said."}`, w.Body.String())
}

func TestPreparedToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := willing()
		s.token = s.token.Prepared()
		told := func(pairs ...string) (left, resource any) {
			all := members(t, serve(identityapi.IMDS{}, s, imdsRequest(pairs...)))
			return all["expires_in"], all["resource"]
		}
		for range 2 {
			left, _ := told()
			require.Equal(t, "3600", left)
		}
		time.Sleep(time.Second)
		left, _ := told()
		require.Equal(t, "3599", left, "what is left now")
		exact := members(t, serve(identityapi.IMDS{}, willing(), imdsRequest()))
		delete(exact, "expires_in")
		got := members(t, serve(identityapi.IMDS{}, s, imdsRequest()))
		delete(got, "expires_in")
		for _, name := range []string{"access_token", "client_id", "resource", "token_type", "ext_expires_in"} {
			require.Equal(t, exact[name], got[name], name)
		}
		r := imdsRequest()
		r.URL.RawQuery = "api-version=2018-02-01&resource=https://other/%22"
		require.Equal(t, "https://other/\"", members(t, serve(identityapi.IMDS{}, s, r))["resource"])
	})
}
