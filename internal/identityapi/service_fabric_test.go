package identityapi_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/identityapi"
)

const fabricURL = "https://10.0.0.4:2377/fabric/metadata/identity/oauth2/token"

func fabricRequest(pairs ...string) *http.Request {
	return request(http.MethodGet, fabricURL, map[string]string{"Secret": hush},
		append([]string{"api-version", "2019-07-01-preview", "resource", vault}, pairs...)...)
}

func TestServiceFabricReadsTheRejectedToken(t *testing.T) {
	t.Parallel()
	hash := strings.Repeat("a", 64)
	for name, c := range map[string]struct {
		pairs []string
		want  string
	}{
		"with the capability":     {[]string{"token_sha256_to_refresh", hash, "xms_cc", "cp1"}, hash},
		"among others":            {[]string{"token_sha256_to_refresh", hash, "xms_cc", "cp0,cp1"}, hash},
		"without the capability":  {[]string{"token_sha256_to_refresh", hash}, ""},
		"with another capability": {[]string{"token_sha256_to_refresh", hash, "xms_cc", "cp11"}, ""},
		"without a hash":          {[]string{"xms_cc", "cp1"}, ""},
	} {
		s := willing()
		w := serve(identityapi.ServiceFabric{Secret: text(hush)}, s, fabricRequest(append(c.pairs, "client_id", client)...))
		require.Equal(t, http.StatusOK, w.Code, name)
		require.Equal(t, []identityapi.Request{{Resource: vault, Rejected: c.want}}, s.asked, name)
	}
}

func TestServiceFabricIsThereOverHTTPSOnly(t *testing.T) {
	t.Parallel()
	r := fabricRequest()
	r.TLS = nil
	require.Equal(t, http.StatusNotFound, serve(identityapi.ServiceFabric{Secret: text(hush)}, willing(), r).Code)
}

func TestServiceFabricReply(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := serve(identityapi.ServiceFabric{Secret: text(hush)}, willing(), fabricRequest())
		require.Equal(t, map[string]any{
			"access_token": "ey.token", "expires_on": 946688400., "resource": vault, "token_type": "Bearer",
		}, members(t, w))
	})
}

func TestServiceFabricRefusals(t *testing.T) {
	t.Parallel()
	e := identityapi.ServiceFabric{Secret: text(hush)}
	requireRefusals(t, e, func() *http.Request { return fabricRequest() }, map[string]refusal{
		"no identity": {notFound, 404, `{"error":{"correlationId":"GUID","code":"ManagedIdentityNotFound",`},
		"several":     {ambiguous, 404, `"ManagedIdentityNotFound"`},
		"no resource": {noResource, 400, `"code":"invalid_resource","message":"AADSTS50001: not here"`},
		"no role":     {noRole, 400, `"code":"invalid_grant","message":"AADSTS501051: No role.`},
		"away":        {away, 500, `"InternalServerError"`},
		"unavailable": {unavailable, 503, `"ServiceUnavailable"`},
		"throttled":   {throttled, 429, "Too many requests. Try again later."},
	})
	require.Equal(t, 400, serve(e, willing(), withHeader(fabricRequest(), "Secret")).Code)
	require.Equal(t, 401, serve(e, willing(), withHeader(fabricRequest(), "Secret", "x")).Code)
	require.Equal(t, 401, serve(identityapi.ServiceFabric{}, willing(), withHeader(fabricRequest(), "Secret", "")).Code)
}
