package identityapi_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/identityapi"
)

func cloudShellRequest(pairs ...string) *http.Request {
	return request(http.MethodPost, "http://localhost:50342/oauth2/token", map[string]string{"Metadata": "true"},
		append([]string{"resource", vault}, pairs...)...)
}

func TestCloudShellTakesNoID(t *testing.T) {
	t.Parallel()
	s := willing()
	w := serve(identityapi.CloudShell{}, s, cloudShellRequest("client_id", client))
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, []identityapi.Request{{Resource: vault}}, s.asked)
	require.Contains(t, w.Body.String(), `"refresh_token":""`)
}

func TestCloudShellBoundsTheBody(t *testing.T) {
	t.Parallel()
	s := willing()
	r := httptest.NewRequest(http.MethodPost, "http://localhost/oauth2/token", strings.NewReader("resource="+strings.Repeat("x", 1<<20)))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Metadata", "true")
	w := serve(identityapi.CloudShell{}, s, r)
	require.Equal(t, http.StatusBadRequest, w.Code)
	require.Empty(t, s.asked)
	rest, err := r.Body.Read(make([]byte, 1))
	require.Equal(t, 1, rest, "what is too much is not read")
	require.NoError(t, err)
}

func TestCloudShellRefusals(t *testing.T) {
	t.Parallel()
	requireRefusals(t, identityapi.CloudShell{}, func() *http.Request { return cloudShellRequest() }, map[string]refusal{
		"no identity": {notFound, 400, `{"error":{"code":"BadRequest","message":"Identity not found"}}`},
		"several":     {ambiguous, 400, "Identity not found"},
		"no resource": {noResource, 400, `"AudienceNotSupported","message":"Audience ` + vault + ` is not a supported MSI token audience. Supported audiences: a,b"`},
		"no role":     {noRole, 400, `"code":"invalid_grant","message":"AADSTS501051: No role.`},
		"away":        {away, 500, `"InternalServerError"`},
		"unavailable": {unavailable, 503, `"ServiceUnavailable"`},
		"throttled":   {throttled, 429, `"TooManyRequests"`},
	})
}
