package identityapi_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/identityapi"
)

func azureMLRequest(pairs ...string) *http.Request {
	return request(http.MethodGet, "http://127.0.0.1:46808/MSI/auth", map[string]string{"Secret": hush},
		append([]string{"api-version", "2017-09-01", "resource", vault}, pairs...)...)
}

func TestAzureMLTakesClientIDsOnly(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		pairs []string
		want  identityapi.ID
	}{
		"none":            {nil, identityapi.ID{}},
		"a client id":     {[]string{"clientid", client}, identityapi.ID{Kind: identityapi.ClientID, Value: client}},
		"a blank one":     {[]string{"clientid", ""}, identityapi.ID{}},
		"IMDS's spelling": {[]string{"client_id", client}, identityapi.ID{}},
		"an object id":    {[]string{"object_id", object}, identityapi.ID{}},
	} {
		s := willing()
		w := serve(identityapi.AzureML{Secret: text(hush)}, s, azureMLRequest(c.pairs...))
		require.Equal(t, http.StatusOK, w.Code, name)
		require.Equal(t, c.want, s.asked[0].ID, name)
	}
}

func TestAzureMLRefusals(t *testing.T) {
	t.Parallel()
	e := identityapi.AzureML{Secret: text(hush)}
	requireRefusals(t, e, func() *http.Request { return azureMLRequest() }, map[string]refusal{
		"no identity": {notFound, 400, "Identity not found"},
		"several":     {ambiguous, 400, "Multiple user assigned identities exist"},
		"no resource": {noResource, 400, `"invalid_resource"`},
		"no role":     {noRole, 400, "AADSTS501051: No role. Trace ID"},
		"away":        {away, 500, `{"error":"unknown",`},
		"unavailable": {unavailable, 503, "temporarily_unavailable"},
		"throttled":   {throttled, 429, "temporarily_unavailable"},
	})
	require.Equal(t, 401, serve(e, willing(), withHeader(azureMLRequest(), "Secret")).Code)
	require.Equal(t, 401, serve(identityapi.AzureML{}, willing(), withHeader(azureMLRequest(), "Secret", "")).Code)
}
