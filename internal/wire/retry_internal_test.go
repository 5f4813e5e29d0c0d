package wire

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRetry(t *testing.T) {
	t.Parallel()
	entra := func(code int, oauth string) string {
		return fmt.Sprintf(`{"error":%q,"error_description":"AADSTS%d: No. Trace ID: x","error_codes":[%d]}`, oauth, code, code)
	}
	for _, tc := range []struct {
		name   string // with the report, where there is one
		status int
		body   string
		again  bool
		most   int
	}{
		{"a mistake", 400, `{"error":"invalid_request"}`, false, 0},
		{"IMDS while it is updated", 404, ``, true, 0},
		{"IMDS while it is updated, in HTML", 404, `<html>`, true, 0},
		{"a sentence in place of a code", 404, `{"error":"Not found. Try later."}`, true, 0},
		{"JSON without a code", 404, `{"message":"no route"}`, true, 0},
		{"App Service's form has no code", 404, `{"statusCode":404,"message":"no"}`, true, 0},
		{"azure-sdk-for-net 45547", 404, `{"error":{"code":"DefaultIdentityNotDefined","message":"DefaultIdentityNotDefined ","details":[]}}`, false, 0},
		{"another code with a 404", 404, `{"error":"identity_not_found"}`, false, 0},
		{"a code with a 410 passes", 410, `{"error":"gone"}`, true, 0},
		{"azure-workload-identity 605", 400, entra(90061, "invalid_request"), true, 0},
		{"azure-workload-identity 642", 400, entra(50166, "invalid_request"), true, 0},
		{"AKS 4029", 400, entra(501661, "invalid_request"), true, 0},
		{"MSAL .NET 3661", 400, `{"error":"temporarily_unavailable"}`, true, 0},
		{"MSAL .NET 3661, with another status", 401, `{"error":"temporarily_unavailable"}`, true, 0},
		{"temporarily_unavailable with a 404", 404, `{"error":"temporarily_unavailable"}`, true, 0},
		{"server_error", 400, `{"error":"server_error"}`, true, 0},
		{"the directory is away", 400, entra(90033, "invalid_request"), true, 0},
		{"a throttled tenant", 400, entra(90055, "invalid_request"), true, 0},
		{"the issuer's keys", 400, entra(900612, "invalid_request"), true, 0},
		{"passed on by a host, in words alone", 400, `{"error":"invalid_request","error_description":"AADSTS90061: Request to External OIDC endpoint failed."}`, true, 0},
		{"keda 8152", 401, entra(700213, "invalid_client"), true, 2},
		{"no credential yet", 400, entra(70021, "invalid_request"), true, 2},
		{"another issuer", 401, entra(700211, "invalid_client"), true, 2},
		{"another audience", 401, entra(700212, "invalid_client"), true, 2},
		{"the subject's case is a mistake", 401, entra(7002138, "invalid_client"), false, 0},
		{"no credential, and the platform is down", 503, entra(70021, "x"), true, 0},
		{"a loop is not helped by going on", 400, entra(50196, "invalid_grant"), false, 0},
		{"an assertion that has ended", 401, entra(700024, "invalid_client"), false, 0},
		{"no role", 400, entra(501051, "invalid_grant"), false, 0},
		{"a longer number that begins alike", 400, entra(900610, "invalid_request"), false, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			f := refusal(tc.status, http.Header{}, []byte(tc.body), time.Now())
			require.Equal(t, tc.again, f.Retry)
			require.Equal(t, tc.most, f.MaxRetries)
		})
	}
}
