package hosts

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/wire"
)

// Is what answers an identity endpoint at all?
func TestIsStranger(t *testing.T) {
	t.Parallel()
	page := func(status int, server string) wire.Failure {
		return wire.Failure{StatusCode: status, Server: server, Description: "<html>", Retry: wire.RetryStatus(status)}
	}
	silent := func(status int, server string) wire.Failure {
		return wire.Failure{StatusCode: status, Server: server, Retry: wire.RetryStatus(status)}
	}
	for _, tc := range []struct {
		name           string // with the report, where there is one
		failure        wire.Failure
		unnamed, named bool
	}{
		{"azure-sdk-for-python 20554: EC2's 404", page(404, "EC2ws"), true, true},
		{"azure-sdk-for-net 27477: GCE's 404", page(404, "Metadata Server for VM"), true, true},
		{"azure-sdk-for-go 23250: a 401", page(401, "EC2ws"), true, true},
		{"a page with a 200", wire.Failure{StatusCode: 200}, true, true},
		{"a text with a 200", wire.Failure{StatusCode: 200, Server: "nginx"}, true, true},
		{"a page without a server's name", page(404, ""), true, true},
		{"a text with a 404", wire.Failure{StatusCode: 404, Description: "404 page not found", Retry: true}, true, true},
		{"a redirect to a portal", wire.Failure{StatusCode: 302, Description: "redirects are not followed"}, true, true},
		{"an outage in HTML", page(503, "nginx"), true, false},
		{"an outage in prose", wire.Failure{StatusCode: 502, Description: "no healthy upstream", Retry: true}, true, false},
		{"Docker Desktop", wire.Failure{StatusCode: 403, Description: "connecting to 169.254.169.254:80"}, true, false},
		{"aad-pod-identity 880: prose with Entra's words", wire.Failure{StatusCode: 403, Description: "failed: AADSTS700016: x", EntraCodes: []int{700016}}, false, false},
		{"a sign-in page of Entra's", wire.Failure{StatusCode: 400, Description: "<html>AADSTS50011", EntraCodes: []int{50011}}, true, true},
		{"another server's 401 without a word", silent(401, "EC2ws"), true, true},
		{"a 401 without a word or name", silent(401, ""), false, false},
		{"IMDS while it is updated", silent(404, ""), false, false},
		{"IMDS while it is updated, with its server's name", silent(404, "Microsoft-IIS/10.0"), false, false},
		{"an outage without a word", silent(503, ""), false, false},
		{"IMDS in HTML", wire.Failure{StatusCode: 404, Server: "IMDS/150.870.65.1103", Description: "<html>", FromEndpoint: true, Retry: true}, false, false},
		{"JSON", wire.Failure{StatusCode: 404, JSON: true, Description: "no"}, false, false},
		{"JSON with a 200", wire.Failure{StatusCode: 200, JSON: true}, false, false},
		{"throttling in prose", wire.Failure{StatusCode: 429, Description: "slow down", Retry: true}, false, false},
		{"no answer", wire.Failure{Description: "no answer in time", Retry: true}, false, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tc.unnamed, isStranger(&tc.failure, false), "where nothing names the endpoint")
			require.Equal(t, tc.named, isStranger(&tc.failure, true), "where something does")
		})
	}
}

func TestReasonOf(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		failure wire.Failure
		want    wire.Reason
	}{
		{"IMDS", wire.Failure{StatusCode: 400, JSON: true, Description: "Identity not found"}, wire.IdentityNotFound},
		{"App Service", wire.Failure{StatusCode: 400, JSON: true, Description: "No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId."}, wire.IdentityNotFound},
		{"App Service of old", wire.Failure{StatusCode: 400, JSON: true, Description: "No MSI found for specified ClientId/ResourceId."}, wire.IdentityNotFound},
		{"App Service without a default", wire.Failure{StatusCode: 400, JSON: true, Description: "Unable to load the proper Managed Identity."}, wire.IdentityNotFound},
		{"other words", wire.Failure{StatusCode: 403, Description: "the identity is not assigned to this VM"}, wire.IdentityNotFound},
		{"a code of old", wire.Failure{StatusCode: 404, Code: "ManagedIdentityNotFound"}, wire.IdentityNotFound},
		{"a code of a default", wire.Failure{StatusCode: 404, Code: "DefaultIdentityNotDefined"}, wire.IdentityNotFound},
		{"a code in OAuth's form", wire.Failure{StatusCode: 400, Code: "identity_not_found"}, wire.IdentityNotFound},
		{"a code that is no resource's", wire.Failure{StatusCode: 404, Code: "ResourceNotFound", Description: "no"}, wire.Unknown},
		{"several", wire.Failure{StatusCode: 400, Description: "Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request"}, wire.IdentityAmbiguous},
		{"Entra's number has a meaning of its own", wire.Failure{StatusCode: 400, Description: "AADSTS501051: Application 'x'(identity) is not assigned", EntraCodes: []int{501051}}, wire.Unknown},
		{"a host that is down", wire.Failure{StatusCode: 500, Description: "Identity not found"}, wire.Unknown},
		{"a page", wire.Failure{StatusCode: 404, Description: "<html>Identity not found"}, wire.Unknown},
		{"words of something else", wire.Failure{StatusCode: 404, Description: "no route to identity.example.com was found"}, wire.Unknown},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tc.want, reasonOf(&tc.failure))
		})
	}
}
