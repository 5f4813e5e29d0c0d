package graph_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/graph"
)

func TestClassify(t *testing.T) {
	t.Parallel()
	const badRequest, denied = "Request_BadRequest", "Authorization_RequestDenied"
	for name, c := range map[string]struct {
		status        int
		code, message string
		want          graph.Kind
	}{
		"assigned already":             {400, badRequest, "Permission being assigned already exists on the object", graph.AlreadyThere},
		"assigned already, unseen":     {409, "Request_MultipleObjectsWithSameKeyValue", "EntitlementGrant entry already exists.", graph.AlreadyThere},
		"an id that is unknown":        {400, badRequest, "Not a valid reference update.", graph.NotReplicated},
		"an object that is unknown":    {404, "Request_ResourceNotFound", "Resource '0b' does not exist or one of its queried reference-property objects are not present.", graph.NotReplicated},
		"an application unknown":       {400, badRequest, "The appId 'c0' of the service principal does not reference a valid application object.", graph.NotReplicated},
		"a role that is unknown":       {400, badRequest, "Permission being assigned was not found on application 'c0'.", graph.RoleNotThereYet},
		"an application, not a tenant": {403, denied, "When using this permission, the backing application of the service principal being created must in the local tenant", graph.NotReplicated},
		"no permission":                {403, denied, "Insufficient privileges to complete the operation.", graph.Forbidden},
		"a URI of another domain":      {400, badRequest, "Failed to add identifier URI api://orders. All newly added URIs must contain a tenant verified domain, tenant ID, or app ID.", graph.BadIdentifierURI},
		"the same in older words":      {400, "HostNameNotOnVerifiedDomain", "Values of identifierUris property must use a verified domain", graph.BadIdentifierURI},
		"too many requests":            {429, "TooManyRequests", "Too many requests.", graph.Throttled},
		"a name of a deleted one":      {400, "Request_MultipleObjectsWithSameKeyValue", "Another object with the same value for property uniqueName already exists.", graph.NameTaken},
		"a URI of another application": {400, "Request_MultipleObjectsWithSameKeyValue", "Another object with the same value for property identifierUris already exists.", graph.Refused},
		"a bad token":                  {401, "InvalidAuthenticationToken", "Access token has expired.", graph.Unauthorized},
		"a fault":                      {503, "ServiceUnavailable", "", graph.Unavailable},
		"a mistake":                    {400, badRequest, "Invalid filter clause", graph.Refused},
		"success in a failure's words": {403, denied, "Permission being assigned already exists on the object", graph.Forbidden},
		"words in another case":        {400, badRequest, "not a VALID reference update", graph.NotReplicated},
		"another write":                {409, "Directory_ConcurrencyViolation", "Error due to concurrent requests being made to the tenant. Please wait briefly and retry.", graph.Conflict},
		"another write, by its code":   {409, "Request_ConcurrencyConflict", "Try again.", graph.Conflict},
		"another conflict":             {409, "Request_Conflict", "Conflict.", graph.Refused},
		"a credential's name":          {409, "Request_MultipleObjectsWithSameKeyValue", "FederatedIdentityCredential with name main already exists.", graph.CredentialExists},
		"a credential's subject":       {400, "InvalidFederatedIdentityCredentialValue", "The combination of issuer and subject must be unique for the application. Issuer i and Subject: s already exist.", graph.CredentialExists},
		"a 21st credential":            {400, badRequest, "Too many Federated Identity Credentials", graph.TooManyCredentials},
		"a credential against policy":  {400, "InvalidFederatedIdentityCredentialValue", "Issuer 'i' not allowed as per assigned policy 'p'.", graph.ForbiddenByPolicy},
		"a credential that is wrong":   {400, "InvalidFederatedIdentityCredentialValue", "Federated identity credentials must have exactly one audience.", graph.Refused},
		"no words":                     {400, "", "", graph.Refused},
	} {
		require.Equal(t, c.want, graph.Classify(c.status, c.code, c.message), name)
	}
}
