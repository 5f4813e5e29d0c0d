package wire

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Entra's numbers where a host passes its words on: azure-functions-host 9884, aad-pod-identity
// 1277, MSAL .NET 6095.
func TestEntraCodes(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		body string
		want []int
	}{
		{"the list", `{"error":"x","error_codes":[70021,500011]}`, []int{70021, 500011}},
		{"IMDS, in words", `{"error":"invalid_grant","error_description":"AADSTS501051: Application 'c'(orders) is not assigned to a role. Trace ID: x"}`, []int{501051}},
		{"list and words agree", `{"error":"x","error_description":"AADSTS70021: No","error_codes":[70021]}`, []int{70021}},
		{"words add to the list", `{"error":"x","error_description":"AADSTS500011: No","error_codes":[70021]}`, []int{70021, 500011}},
		{"App Service, in words", `{"statusCode":400,"message":"Could not: AADSTS700016: Application with identifier 'x' was not found"}`, []int{700016}},
		{"a code in its object", `{"error":{"code":"x","message":"AADSTS50001: No"}}`, []int{50001}},
		{"a pod's proxy, in prose", `failed to get a token, error: {"error":"invalid_client","error_description":"AADSTS7000215: No"}`, []int{7000215}},
		{"beyond what is shown", strings.Repeat("x ", maxText) + "AADSTS90002: No", []int{90002}},
		{"none", `{"error":"x","error_description":"AADSTS: nothing, XAADSTS50001, AADSTS1, AADSTS12345678901"}`, nil},
		{"a list that is none", `{"error":"x","error_codes":[1,"two"]}`, nil},
		{"endless", `{"error":"x","error_codes":[1,2,3,4,5,6,7,8,9,10]}`, []int{1, 2, 3, 4, 5, 6, 7, 8}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tc.want, refusal(http.StatusBadRequest, http.Header{}, []byte(tc.body), time.Now()).EntraCodes)
		})
	}
}

// What is surely an identity endpoint, whatever else is wrong.
func TestFromEndpoint(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		status int
		server string
		body   string
		want   bool
	}{
		{"an OAuth code", 400, "", `{"error":"invalid_grant"}`, true},
		{"a code in its object", 404, "Kestrel", `{"error":{"code":"DefaultIdentityNotDefined"}}`, true},
		{"App Service", 500, "", `{"statusCode":500,"message":"An error"}`, true},
		{"App Service of old", 400, "", `{"StatusCode":400,"Message":"An error"}`, true},
		{"IMDS without a body", 404, "IMDS/150.870.65.1103", ``, true},
		{"IMDS in HTML", 500, "IMDS/150.870.65.1103", `<html>`, true},
		{"IMDS with a broken token", 200, "IMDS/150.870.65.1103", `{"access_`, true},
		{"a token that has ended", 200, "", `{"access_token":"t","expires_in":"0"}`, true},
		{"no body", 503, "", ``, false},
		{"a page", 404, "EC2ws", `<html>`, false},
		{"JSON of something else", 404, "", `{"timestamp":"x","status":404,"error":"Not Found","path":"/"}`, false},
		{"JSON of a cluster", 403, "", `{"kind":"Status","code":403}`, false},
		{"a page with a 200", 200, "", `<html>`, false},
		{"JSON without a token", 200, "", `{}`, false},
		{"a redirect", 302, "", ``, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			answer := Answer{StatusCode: tc.status, Header: http.Header{"Server": {tc.server}}, body: []byte(tc.body)}
			_, err := answer.Token()
			var f *Failure
			require.ErrorAs(t, err, &f)
			require.Equal(t, tc.want, f.FromEndpoint)
			require.Equal(t, tc.server, f.Server)
		})
	}
	t.Run("a redirect of IMDS is none", func(t *testing.T) {
		t.Parallel()
		require.False(t, refusal(http.StatusFound, http.Header{}, nil, time.Now()).FromEndpoint)
	})
}

// Names and ids at the end of a long text of Entra's are what is searched for.
func TestPlainLength(t *testing.T) {
	t.Parallel()
	description := "AADSTS500011: The resource principal named " + strings.Repeat("x", 400) + " was not found. Trace ID: 7bd50e5c-0000-4000-8000-000000000001 Timestamp: 2024-03-08 11:06:37Z"
	f := refusal(http.StatusBadRequest, http.Header{}, []byte(`{"error":"invalid_resource","error_description":"`+description+`"}`), time.Now())
	require.Equal(t, description, f.Description)
}
