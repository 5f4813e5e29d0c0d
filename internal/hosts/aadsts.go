package hosts

import "slices"

// Subject is what an error code of Entra ID is about: where to look first.
type Subject string

// The subjects of Entra's error codes.
const (
	AboutIdentity   Subject = "identity"   // the identity, its application or its credential
	AboutResource   Subject = "resource"   // what the token is for
	AboutTenant     Subject = "tenant"     // the directory or the cloud that was asked
	AboutFederation Subject = "federation" // the token that is exchanged for Entra's
	AboutPolicy     Subject = "policy"     // a decision of the tenant's administrators
	AboutRequest    Subject = "request"    // the form of the request
	AboutOutage     Subject = "outage"     // temporary
)

// EntraError describes an error code of Entra ID, the nnn of AADSTSnnn.
type EntraError struct {
	Code    int
	Subject Subject
	// Meaning is what Entra means by it, in a few words.
	Meaning string
	// Advice is what to do.
	Advice string
}

// The advice that several codes share.
const (
	fixResource   = "check the resource: it must be exactly the App ID URI of an application in the identity's tenant (the scheme, such as https or api, and a slash at the end matter)"
	fixConsent    = "grant the identity an app role of the resource (aztoken grant); delegated permissions and user consent do not apply here"
	fixPolicy     = "ask an administrator for the sign-in logs of service principals and managed identities, which name the policy; then meet the policy, or exclude the identity from it"
	fixCredential = "the platform's credential for the identity is outdated: remove the identity from this host and assign it again; for an app registration, renew the secret or certificate"
	fixFederation = "add a federated credential to the identity with exactly the issuer, subject and audience of the token (a slash at the end of the issuer matters); a new one takes some minutes"
	fixCloud      = "use the login host of the tenant's cloud ($AZURE_AUTHORITY_HOST), and a resource of the same cloud"
	fixTenant     = "correct the tenant ($AZURE_TENANT_ID, or the service account's annotation azure.workload.identity/tenant-id)"
	fixPrincipal  = "an administrator of that tenant must consent to the application, which gives it a service principal there (az ad sp create --id)"
	fixClient     = "correct the client id ($AZURE_CLIENT_ID, or the service account's annotation azure.workload.identity/client-id) and the tenant; for an identity of the host, check the resource, and assign the identity again if the subscription was moved to another tenant"
	fixDisabled   = "enable the application in Entra's enterprise applications (Properties, Enabled for users to sign in), or ask the administrator who disabled it"
	fixForm       = "check what a custom transport, a pipeline policy or a proxy changes in the request"
	fixOutage     = "nothing is wrong on this machine: try again, and if this lasts see status.azure.com"
	fixIssuer     = "Entra could not read the keys of the token's issuer: try again; if this lasts, check that the issuer's /.well-known/openid-configuration and its jwks_uri can be read from the internet"
	fixAudience   = "exchange a token for api://AzureADTokenExchange (national clouds have audiences of their own), which the federated credential must name too"
)

// entraErrors are the codes that callers without a user meet, sorted by code.
//
// https://learn.microsoft.com/entra/identity-platform/reference-error-codes
var entraErrors = []EntraError{
	{28002, AboutResource, "the scope is not valid", fixResource},
	{28003, AboutResource, "the scope is empty", fixResource},
	{50001, AboutResource, "the tenant has no such resource, or it is disabled", fixResource},
	{50012, AboutIdentity, "the credential was not accepted", fixCredential},
	{50013, AboutFederation, "the assertion is not valid: its signature, issuer or times", "check that the assertion is the complete token of the federated credential's issuer, and the clocks"},
	{50020, AboutTenant, "the account belongs to another tenant", fixTenant},
	{50027, AboutFederation, "the assertion is not a valid JWT", "check that the assertion is the complete token of the federated credential's issuer, and that it has not expired"},
	{50033, AboutOutage, "a temporary error of Entra ID", fixOutage},
	{50034, AboutTenant, "the tenant has no such account", fixTenant},
	{50049, AboutTenant, "the login host is not one of Entra's", fixCloud},
	{50059, AboutTenant, "the request names no tenant", fixTenant},
	{50076, AboutPolicy, "a person must sign in with a second factor", "sign in again (az login), or use a managed identity, which needs no second factor"},
	{50079, AboutPolicy, "a person must register a second factor", "sign in again (az login), or use a managed identity, which needs no second factor"},
	{50105, AboutResource, "the application requires assignment, and the account has none", "assign the account to the application, or grant it one of the application's roles (aztoken grant); this takes some minutes"},
	{50128, AboutTenant, "the domain of the tenant is unknown", fixTenant},
	{50131, AboutPolicy, "Conditional Access does not allow it", fixPolicy},
	{50146, AboutResource, "the resource needs its own signing key and has no valid one", "the owner of the resource's app registration must add a signing key, or remove its claims mapping"},
	{50166, AboutOutage, "the request to the token's issuer failed or was throttled", fixIssuer},
	{50173, AboutPolicy, "the sign-in was revoked", "sign in again (az login); with a managed identity, wait, as its sessions were revoked"},
	{50194, AboutTenant, "the application is single-tenant, and the request is for another tenant or for none", fixTenant},
	{50196, AboutRequest, "Entra takes the client to be in a loop, as it sends the same request too often", "use one client that caches its tokens for the whole program, and find out what else asks as this identity"},
	{53000, AboutPolicy, "Conditional Access requires a compliant device", fixPolicy},
	{53003, AboutPolicy, "Conditional Access blocks the identity", fixPolicy},
	{53011, AboutPolicy, "the identity is blocked because it is at risk", fixPolicy},
	{65001, AboutResource, "the application has no consent for the resource", fixConsent},
	{65005, AboutResource, "the application does not declare the resource in its permissions", fixConsent},
	{70001, AboutIdentity, "the application is disabled, or not in the tenant", fixDisabled},
	{70002, AboutIdentity, "the credential was not accepted", fixCredential},
	{70003, AboutRequest, "the grant type is not supported", fixForm},
	{70011, AboutResource, "the scope is not valid: the resource is not an App ID URI that the tenant knows", fixResource},
	{70021, AboutFederation, "the identity has no federated credential that matches the token", fixFederation},
	{90002, AboutTenant, "the tenant does not exist, or is in another cloud", fixTenant},
	{90006, AboutOutage, "Entra ID is temporarily unavailable", fixOutage},
	{90009, AboutResource, "the application requests a token for itself, but not by its client id", "use the client id as the resource, not the App ID URI"},
	{90012, AboutOutage, "the request timed out in Entra ID", fixOutage},
	{90013, AboutRequest, "a part of the request is not valid", fixForm},
	{90014, AboutRequest, "a part of the request is missing", fixForm},
	{90019, AboutTenant, "the request names no tenant", fixTenant},
	{90023, AboutRequest, "the request is not valid", fixForm},
	{90024, AboutOutage, "a temporary error of Entra ID", fixOutage},
	{90033, AboutOutage, "Entra's directory is unavailable", fixOutage},
	{90038, AboutTenant, "the tenant is in another cloud", fixCloud},
	{90051, AboutTenant, "the cloud is unknown", fixCloud},
	{90055, AboutOutage, "the tenant sends too many requests", "try again later, and find out what calls Entra ID without a cache"},
	{90061, AboutOutage, "the request to the token's issuer failed", fixIssuer},
	{90090, AboutOutage, "Entra ID is temporarily unavailable", fixOutage},
	{90091, AboutOutage, "Entra ID cannot reach a service that it depends on", fixOutage},
	{90100, AboutRequest, "a parameter is empty or not valid", fixForm},
	{90102, AboutRequest, "a parameter is not an absolute URI", fixResource},
	{100007, AboutRequest, "the regional login host does not serve this kind of caller", "use the login host of the cloud in $AZURE_AUTHORITY_HOST, not a regional one"},
	{500011, AboutResource, "the tenant has no application with the resource's App ID URI", fixResource},
	{500014, AboutResource, "the resource is disabled in the tenant", "enable the resource's service principal, or check whether its subscription has lapsed"},
	{500212, AboutPolicy, "the identity's tenant does not allow access to the resource's tenant", fixPolicy},
	{500213, AboutPolicy, "the resource's tenant does not allow access from the identity's tenant", fixPolicy},
	{501051, AboutResource, "the application requires assignment, and the identity has none of its roles", "grant the identity one of the application's roles: aztoken grant --app APP --role ROLE --to IDENTITY; this takes some minutes"},
	{501461, AboutResource, "the resource maps claims, and its App ID URI is not in a verified domain", "the owner of the resource must use api://<client id> or a verified domain as App ID URI, or its own signing key"},
	{501661, AboutOutage, "the request to the token's issuer failed", fixIssuer},
	{530032, AboutPolicy, "a security policy of the tenant blocks the request", fixPolicy},
	{530035, AboutPolicy, "the tenant's security defaults block the request", fixPolicy},
	{650052, AboutResource, "the tenant has not subscribed to the resource", "an administrator must add the resource's service principal to the tenant (az ad sp create --id)"},
	{650054, AboutResource, "the resource was removed", fixResource},
	{650056, AboutResource, "the application is not configured for the resource", fixConsent},
	{650057, AboutResource, "the application does not declare the resource in its permissions", fixConsent},
	{700011, AboutIdentity, "the tenant has no such application", fixClient},
	{700016, AboutIdentity, "the tenant has no application with this client id", fixClient},
	{700022, AboutResource, "the scope names more than one resource", "request one resource at a time"},
	{700023, AboutResource, "the scope names no resource", fixResource},
	{700024, AboutFederation, "the assertion has expired, or is not valid yet", "check that the kubelet renews the file in $AZURE_FEDERATED_TOKEN_FILE, that nothing uses an expired copy of it, and the clocks"},
	{700025, AboutIdentity, "the application is a public client, which cannot have a credential", "make the application a confidential client: turn public client flows off"},
	{700027, AboutIdentity, "the assertion is signed by a key that Entra ID does not know", fixCredential},
	{700030, AboutIdentity, "the certificate's subject name is not authorized", fixCredential},
	{700211, AboutFederation, "no federated credential of the identity has the token's issuer", fixFederation},
	{700212, AboutFederation, "no federated credential of the identity has the token's audience", fixFederation},
	{700213, AboutFederation, "no federated credential of the identity has the token's subject", fixFederation},
	{700222, AboutFederation, "a token issued by Entra ID is not allowed as this assertion", fixAudience},
	{700226, AboutFederation, "only a managed identity's token is allowed as this assertion", "exchange the token of a managed identity, not of an application"},
	{700227, AboutFederation, "a token for this audience is not allowed as an assertion", fixAudience},
	{700229, AboutFederation, "a user's token is not allowed as an assertion", "exchange the token of a managed identity, not of a user"},
	{700236, AboutFederation, "the tenant does not allow tokens issued by Entra ID as assertions", fixPolicy},
	{900023, AboutTenant, "the tenant is neither a GUID nor a domain", fixTenant},
	{900144, AboutRequest, "a parameter is missing from the request", fixForm},
	{900382, AboutTenant, "an application cannot sign in across clouds", fixCloud},
	{900432, AboutTenant, "an application cannot sign in across clouds", fixCloud},
	{900612, AboutOutage, "Entra could not read the issuer's keys", fixIssuer},
	{901002, AboutRequest, "this address does not support the parameter resource", fixForm},
	{1002012, AboutResource, "the scope does not end in /.default", "request the resource (its App ID URI), not one of its permissions"},
	{5000224, AboutTenant, "the tenant is blocked", "contact the administrator of the tenant, or Azure support"},
	{7000112, AboutIdentity, "the application is disabled", fixDisabled},
	{7000114, AboutIdentity, "the application may not act on behalf of a user", fixConsent},
	{7000215, AboutIdentity, "the secret or assertion is not valid", fixCredential},
	{7000216, AboutRequest, "the assertion is missing from the request", fixForm},
	{7000218, AboutRequest, "the assertion is missing from the request", fixForm},
	{7000222, AboutIdentity, "the secret has expired", fixCredential},
	{7000229, AboutTenant, "the tenant has no service principal of the application", fixPrincipal},
	{7002121, AboutFederation, "the audience of the token issued by Entra ID is not that of the federated credential", fixAudience},
	{7002131, AboutFederation, "the token's subject does not match the expression of a flexible federated credential", fixFederation},
	{7002138, AboutFederation, "the token's subject differs from the federated credential's in case only", fixFederation},
	{9002313, AboutRequest, "the request is malformed", fixForm},
	{70022204, AboutFederation, "the assertion is for another cloud's audience", fixAudience},
}

// EntraErrors returns the known error codes, sorted by code.
func EntraErrors() []EntraError { return slices.Clone(entraErrors) }

// FindEntraError returns the first of codes that is known.
func FindEntraError(codes []int) (EntraError, bool) {
	for _, code := range codes {
		for _, known := range entraErrors {
			if known.Code == code {
				return known, true
			}
		}
	}
	return EntraError{}, false
}
