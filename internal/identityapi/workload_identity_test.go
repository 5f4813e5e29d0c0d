package identityapi_test

import (
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/identityapi"
)

func workloadRequest(pairs ...string) *http.Request {
	return request(http.MethodPost, "https://login.microsoftonline.com/tenant/oauth2/v2.0/token", nil, append([]string{
		"grant_type", "client_credentials", "client_id", client, "scope", vault + "/.default openid offline_access profile",
		"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "client_assertion", hush,
	}, pairs...)...)
}

func TestWorkloadIdentityLeavesTrustToTheSource(t *testing.T) {
	t.Parallel()
	s := willing()
	w := serve(identityapi.WorkloadIdentity{}, s, workloadRequest("client_info", "1"))
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	require.Equal(t, []identityapi.Request{{
		Resource: vault, ID: identityapi.ID{Kind: identityapi.ClientID, Value: client}, Tenant: "tenant", Assertion: hush,
	}}, s.asked)
	for _, twice := range []string{"client_id", "scope", "client_assertion", "client_assertion_type", "grant_type"} {
		s := willing()
		w := serve(identityapi.WorkloadIdentity{}, s, workloadRequest(twice, "x"))
		require.Equal(t, http.StatusBadRequest, w.Code)
		require.Contains(t, w.Body.String(), "AADSTS90100: "+twice)
		require.NotContains(t, w.Body.String(), hush)
		require.Empty(t, s.asked)
	}
}

func TestWorkloadIdentityReply(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := willing()
		s.token.FirstLife = 0
		require.Equal(t, map[string]any{
			"access_token": "ey.token", "expires_in": 3600., "ext_expires_in": 3600., "token_type": "Bearer",
		}, members(t, serve(identityapi.WorkloadIdentity{}, s, workloadRequest())))
	})
}

func TestWorkloadIdentityRefusals(t *testing.T) {
	t.Parallel()
	requireRefusals(t, identityapi.WorkloadIdentity{}, func() *http.Request { return workloadRequest() }, map[string]refusal{
		"no identity": {notFound, 400, `{"error":"unauthorized_client","error_description":"AADSTS700016: `},
		"several":     {ambiguous, 400, "AADSTS700016"},
		"no resource": {noResource, 400, `"error":"invalid_resource"`},
		"no role":     {noRole, 400, `{"error":"invalid_grant","error_description":"AADSTS501051: No role. Trace ID: GUID`},
		"away":        {away, 503, "AADSTS90033"},
		"unavailable": {unavailable, 503, "temporarily_unavailable"},
		"throttled":   {throttled, 429, "temporarily_unavailable"},
	})
	w := serve(identityapi.WorkloadIdentity{}, &source{failure: &noRole}, workloadRequest())
	told := members(t, w)
	require.Contains(t, told["error_description"], "Correlation ID: "+told["correlation_id"].(string))
	require.Equal(t, []any{501051.}, told["error_codes"])
}

func TestWorkloadIdentityCapabilities(t *testing.T) {
	t.Parallel()
	for claims, want := range map[string]bool{
		`{"access_token":{"xms_cc":{"values":["cp1"]}}}`:                                              true,
		`{"access_token":{"xms_cc":{"values":["CP1"]}}}`:                                              true,
		`{"access_token":{"nbf":{"essential":true,"value":"1"},"xms_cc":{"values":["other","cp1"]}}}`: true,
		`{"access_token":{"xms_cc":{"values":["cp2"]}}}`:                                              false,
		`{"access_token":{"nbf":{"essential":true,"value":"1"}}}`:                                     false,
		`{"id_token":{"xms_cc":{"values":["cp1"]}}}`:                                                  false,
		`{}`: false,
	} {
		s := willing()
		w := serve(identityapi.WorkloadIdentity{}, s, workloadRequest("claims", claims))
		require.Equal(t, http.StatusOK, w.Code, claims)
		require.Equal(t, want, s.asked[0].CAE, claims)
	}
	for _, pairs := range [][]string{
		{"claims", "x"}, {"claims", ""}, {"claims", `{"access_token":{"xms_cc":"cp1"}}`}, {"claims", "{}", "claims", "{}"},
	} {
		w := serve(identityapi.WorkloadIdentity{}, willing(), workloadRequest(pairs...))
		require.Equal(t, http.StatusBadRequest, w.Code, pairs)
		require.Contains(t, w.Body.String(), "AADSTS90100: claims")
	}
}
