package identityapi_test

import (
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/identityapi"
)

const appServiceURL = "http://127.0.0.1:41003/msi/token"

func appService2019(pairs ...string) *http.Request {
	return request(http.MethodGet, appServiceURL, map[string]string{"X-IDENTITY-HEADER": hush},
		append([]string{"api-version", "2019-08-01", "resource", vault}, pairs...)...)
}

func appService2017(pairs ...string) *http.Request {
	return request(http.MethodGet, appServiceURL, map[string]string{"secret": hush},
		append([]string{"api-version", "2017-09-01", "resource", vault}, pairs...)...)
}

func TestAppServiceVersions(t *testing.T) {
	t.Parallel()
	byClient := identityapi.ID{Kind: identityapi.ClientID, Value: client}
	byResource := identityapi.ID{Kind: identityapi.ResourceID, Value: arm}
	nobody := identityapi.ID{}
	for name, c := range map[string]struct {
		request         *http.Request
		exact, tolerant identityapi.ID
	}{
		"2019":                        {appService2019(), nobody, nobody},
		"2019 by client id":           {appService2019("client_id", client), byClient, byClient},
		"2019 by resource id":         {appService2019("mi_res_id", arm), byResource, byResource},
		"2019 by IMDS's spelling":     {appService2019("msi_res_id", arm), nobody, byResource},
		"2019 by 2017's spelling":     {appService2019("clientid", client), nobody, byClient},
		"2017":                        {appService2017(), nobody, nobody},
		"2017 by client id":           {appService2017("clientid", client), byClient, byClient},
		"2017 by a blank id":          {appService2017("clientid", ""), nobody, nobody},
		"2017 by 2019's spelling":     {appService2017("client_id", client), nobody, byClient},
		"2017 by resource id (adal)":  {appService2017("mi_res_id", arm), nobody, byResource},
		"2017 with Metadata (Python)": {withHeader(appService2017(), "Metadata", "true"), nobody, nobody},
	} {
		for tolerance, want := range map[identityapi.Tolerance]identityapi.ID{
			identityapi.Exact: c.exact, identityapi.Tolerant: c.tolerant,
		} {
			s := willing()
			e := identityapi.AppService{Secret: text(hush), Tolerance: tolerance}
			w := serve(e, s, c.request.Clone(t.Context()))
			require.Equal(t, http.StatusOK, w.Code, "%s: %s", name, w.Body)
			require.Equal(t, want, s.asked[0].ID, name)
		}
	}
}

func TestAppServiceSecret(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]*http.Request{
		"none":                  withHeader(appService2019(), "X-IDENTITY-HEADER"),
		"a wrong one":           withHeader(appService2019(), "X-IDENTITY-HEADER", hush+"x"),
		"a blank one":           withHeader(appService2019(), "X-IDENTITY-HEADER", ""),
		"twice":                 withHeader(appService2019(), "X-IDENTITY-HEADER", hush, hush),
		"in the header of 2017": withHeader(withHeader(appService2019(), "X-IDENTITY-HEADER"), "Secret", hush),
		"in the header of 2019": withHeader(withHeader(appService2017(), "Secret"), "X-IDENTITY-HEADER", hush),
		"none in 2017":          withHeader(appService2017(), "Secret"),
		"a wrong one in 2017":   withHeader(appService2017(), "Secret", "x"),
	} {
		for _, tolerance := range []identityapi.Tolerance{identityapi.Exact, identityapi.Tolerant} {
			s := willing()
			e := identityapi.AppService{Secret: text(hush), Tolerance: tolerance}
			w := serve(e, s, r.Clone(t.Context()))
			require.Equal(t, http.StatusUnauthorized, w.Code, name)
			require.Empty(t, s.asked, name)
			require.NotContains(t, w.Body.String(), hush)
		}
	}
	w := serve(identityapi.AppService{}, willing(), withHeader(appService2019(), "X-IDENTITY-HEADER", ""))
	require.Equal(t, http.StatusUnauthorized, w.Code, "an endpoint without a secret serves nobody")
}

func TestAppServiceAuthorized(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		request *http.Request
		secret  string
		want    bool
	}{
		"2019":                       {appService2019(), hush, true},
		"2017":                       {appService2017(), hush, true},
		"another's secret":           {appService2019(), hush + "x", false},
		"no secret is nobody's":      {request(http.MethodGet, appServiceURL, nil, "api-version", "2019-08-01"), "", false},
		"the header of the other":    {request(http.MethodGet, appServiceURL, map[string]string{"Secret": hush}, "api-version", "2019-08-01"), hush, false},
		"a blank secret is nobody's": {request(http.MethodGet, appServiceURL, map[string]string{"X-IDENTITY-HEADER": ""}, "api-version", "2019-08-01"), "", false},
	} {
		call, err := identityapi.ReadCall(c.request, "http://127.0.0.1:41003")
		require.NoError(t, err)
		for _, tolerance := range []identityapi.Tolerance{identityapi.Exact, identityapi.Tolerant} {
			e := identityapi.AppService{Secret: text(c.secret), Tolerance: tolerance}
			require.Equal(t, c.want, e.Authorized(call), name)
		}
	}
}

func TestAppServiceReply(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := identityapi.AppService{Secret: text(hush)}
		brief := map[string]any{
			"access_token": "ey.token", "client_id": client, "expires_on": "946688400", "resource": vault, "token_type": "Bearer",
		}
		require.Equal(t, brief, members(t, serve(e, willing(), appService2019())))
		require.Equal(t, brief, members(t, serve(e, willing(), appService2017())))

		e.Tolerance = identityapi.Tolerant
		w := serve(e, willing(), appService2019())
		for name, value := range brief {
			require.Equal(t, value, members(t, w)[name])
		}
		require.Equal(t, "3600", members(t, w)["expires_in"], "Terraform reads nothing else")
	})
}

func TestAppServiceRefusals(t *testing.T) {
	t.Parallel()
	e := identityapi.AppService{Secret: text(hush)}
	requireRefusals(t, e, func() *http.Request { return appService2019() }, map[string]refusal{
		"no identity": {notFound, 400, `{"statusCode":400,"message":"Unable to load the proper Managed Identity.","correlationId":"GUID"}`},
		"several":     {ambiguous, 400, "Unable to load"},
		"no resource": {noResource, 400, "AADSTS50001: not here"},
		"no role":     {noRole, 500, "An unexpected error occured while fetching the AAD Token."},
		"away":        {away, 500, "An unexpected error occured"},
		"unavailable": {unavailable, 503, `"statusCode":503`},
		"throttled":   {throttled, 429, `"statusCode":429`},
	})
	w := serve(e, &source{failure: &notFound}, appService2019("client_id", client))
	require.Contains(t, w.Body.String(), "No User Assigned or Delegated Managed Identity found")
	require.Equal(t, members(t, w)["correlationId"], w.Header().Get("X-Correlation-Id"))

	upstream := noRole
	upstream.Status = http.StatusBadRequest
	w = serve(e, &source{failure: &upstream}, appService2019())
	require.Equal(t, http.StatusBadRequest, w.Code)
	require.Contains(t, w.Body.String(), "AADSTS501051: No role.")
}

// withHeader returns r with other values of a header: none, one or several.
func withHeader(r *http.Request, name string, values ...string) *http.Request {
	r.Header.Del(name)
	for _, value := range values {
		r.Header.Add(name, value)
	}
	return r
}
