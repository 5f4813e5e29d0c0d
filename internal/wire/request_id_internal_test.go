package wire

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The ids that support asks for: MSAL .NET 3908, 3938, 6095; azure-workload-identity 1200.
func TestRequestID(t *testing.T) {
	t.Parallel()
	const id, other = "7bd50e5c-0000-4000-8000-000000000001", "7bd50e5c-0000-4000-8000-000000000002"
	header := func(name, value string) http.Header {
		h := http.Header{}
		h.Set(name, value)
		return h
	}
	for _, tc := range []struct {
		name   string
		header http.Header
		body   string
		want   string
	}{
		{"App Service", nil, `{"statusCode":500,"message":"An error","correlationId":"` + id + `"}`, id},
		{"App Service of old", nil, `{"StatusCode":400,"Message":"No","CorrelationId":"` + id + `"}`, id},
		{"App Service, in the header alone", header("X-CORRELATION-ID", id), `{"statusCode":500}`, id},
		{"Entra", header("x-ms-request-id", other), `{"error":"x","trace_id":"` + other + `","correlation_id":"` + id + `"}`, id},
		{"Entra, a trace alone", nil, `{"error":"x","trace_id":"` + id + `"}`, id},
		{"Service Fabric", nil, `{"error":{"correlationId":"` + id + `","code":"x","message":"y"}}`, id},
		{"Entra's words, passed on by IMDS", header("x-ms-request-id", other), `{"error":"invalid_grant","error_description":"AADSTS501051: No. Trace ID: ` + other + ` Correlation ID: ` + id + ` Timestamp: 2024-01-01 00:00:00Z"}`, id},
		{"Entra's words in prose", nil, `failed: AADSTS70021: No.\r\nCorrelation ID: ` + id + `\r\n`, id},
		{"Entra's words far behind", nil, `{"error":"x","error_description":"` + strings.Repeat("x", 2000) + ` Correlation ID: ` + id + `"}`, id},
		{"IMDS", header("x-ms-request-id", id), `{"error":"invalid_request"}`, id},
		{"a gateway", header("x-ms-correlation-request-id", id), `<html>`, id},
		{"no body", header("x-ms-request-id", id), ``, id},
		{"a redirect", header("x-ms-request-id", id), ``, id},
		{"none", nil, `{"error":"x"}`, ""},
		{"no word", header("x-ms-request-id", id), `{"error":"x","correlationId":"two words"}`, id},
		{"no string", header("x-ms-request-id", id), `{"error":"x","correlationId":{"a":1},"trace_id":[" "]}`, id},
		{"too long", nil, `{"correlationId":"` + strings.Repeat("x", maxRequestID+1) + `"}`, ""},
		{"just not too long", nil, `{"correlationId":"` + strings.Repeat("x", maxRequestID) + `"}`, strings.Repeat("x", maxRequestID)},
		{"not printable", nil, `{"correlationId":"\u001b[31m"}`, ""},
		{"a token", header("x-ms-request-id", id), `{"correlationId":"eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.e30.sig"}`, id},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			h := tc.header
			if h == nil {
				h = http.Header{}
			}
			f := refusal(http.StatusBadRequest, h, []byte(tc.body), time.Now())
			require.Equal(t, tc.want, f.RequestID)
			require.Equal(t, tc.want != "", strings.Contains(f.Error(), tc.want) && tc.want != "", "the message shows it")
		})
	}
	require.Equal(t, id, refusal(http.StatusFound, header("x-ms-request-id", id), nil, time.Now()).RequestID, "of a redirect too")
}
