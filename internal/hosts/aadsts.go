package hosts

import "slices"

// Subject is what one of Entra's error codes is about: where to look first.
type Subject string

// The subjects of Entra's error codes.
const (
	AboutIdentity   Subject = "identity"   // the identity, its application or its credential
	AboutResource   Subject = "resource"   // what the token is for
	AboutTenant     Subject = "tenant"     // the directory or the cloud that was asked
	AboutFederation Subject = "federation" // the token that is exchanged for Entra's
	AboutPolicy     Subject = "policy"     // a decision of the tenant's administrators
	AboutRequest    Subject = "request"    // the form of the request
	AboutOutage     Subject = "outage"     // it passes
)

// EntraError is what is known of one of Entra's error codes, the nnn of AADSTSnnn.
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
	fixResource   = "check the resource: it must be the App ID URI of an application in the identity's tenant, to the letter (https or api, and the slash at the end, matter)"
	fixConsent    = "give the identity an app role of the resource (aztoken grant); permissions on behalf of users and their consent do not count here"
	fixPolicy     = "ask an administrator for the sign-in logs of service principals and managed identities: they name the policy; exclude the identity from it or meet it"
	fixCredential = "the platform's credential for the identity is old: take the identity off this host and assign it again; of an app registration renew the secret or certificate"
	fixFederation = "give the identity a federated credential with the issuer, subject and audience of the token, to the letter, the slash at the issuer's end too; a new one takes some minutes"
	fixCloud      = "use the login host of the cloud that the tenant is in ($AZURE_AUTHORITY_HOST, or Options.Cloud beside Options.Federation), and a resource of the same cloud"
	fixTenant     = "correct the tenant ($AZURE_TENANT_ID, or the service account's annotation azure.workload.identity/tenant-id)"
	fixClient     = "correct the client id ($AZURE_CLIENT_ID, or the service account's annotation azure.workload.identity/client-id) and the tenant; of a host's own identity check the resource, and whether the subscription was moved to another tenant: then assign the identity anew"
	fixDisabled   = "turn the application on in Entra's enterprise applications (Properties, Enabled for users to sign in), or ask the administrator who turned it off"
	fixForm       = "check what Options.Transport, a policy or a proxy changes in the request; unchanged it is as Entra documents it"
	fixOutage     = "nothing on this machine is wrong: call again, and if it lasts see status.azure.com"
	fixIssuer     = "Entra could not read the keys of the token's issuer: call again; if it stays so open the issuer's /.well-known/openid-configuration and its jwks_uri from the internet"
	fixAudience   = "exchange a token for api://AzureADTokenExchange (of another cloud: its own audience), which is what the federated credential must name"
)

// entraErrors is sorted by code. It has the codes that callers without a user meet.
//
// https://learn.microsoft.com/entra/identity-platform/reference-error-codes
var entraErrors = []EntraError{
	{28002, AboutResource, "the scope is not valid", fixResource},
	{28003, AboutResource, "the scope is empty", fixResource},
	{50001, AboutResource, "the tenant has no such resource, or it is turned off", fixResource},
	{50012, AboutIdentity, "the credential was not accepted", fixCredential},
	{50013, AboutFederation, "the assertion is not valid: its signature, issuer or times", "check that the assertion is the whole token of the federated credential's issuer, and the clocks"},
	{50020, AboutTenant, "the account is of another tenant", fixTenant},
	{50027, AboutFederation, "the assertion is not a valid JWT", "check that the assertion is the whole token of the federated credential's issuer, and that it has not ended"},
	{50033, AboutOutage, "a passing error of Entra's", fixOutage},
	{50034, AboutTenant, "the tenant has no such account", fixTenant},
	{50049, AboutTenant, "the login host is not one of Entra's", fixCloud},
	{50059, AboutTenant, "the request names no tenant", fixTenant},
	{50076, AboutPolicy, "a person must sign in with a second factor", "sign in again (az login), or use a managed identity, which needs no second factor"},
	{50079, AboutPolicy, "a person must register a second factor", "sign in again (az login), or use a managed identity, which needs no second factor"},
	{50105, AboutResource, "the application requires assignment, and the account has none", "assign the account to the application, or give it one of the application's roles (aztoken grant); it takes some minutes"},
	{50128, AboutTenant, "the tenant's domain is not known", fixTenant},
	{50131, AboutPolicy, "Conditional Access forbids it", fixPolicy},
	{50146, AboutResource, "the resource needs a signing key of its own and has none that is valid", "the owner of the resource's app registration must give it a signing key, or take its claims mapping off"},
	{50166, AboutOutage, "the request to the token's issuer failed or was throttled", fixIssuer},
	{50173, AboutPolicy, "the sign-in was revoked", "sign in again (az login); of a managed identity wait: its sessions were revoked"},
	{50194, AboutTenant, "the application is of one tenant, and another or none was asked", fixTenant},
	{50196, AboutRequest, "Entra takes the client for a loop: the same request too often", "use one Client in the whole program, which keeps its tokens, and find what else asks as this identity"},
	{53000, AboutPolicy, "Conditional Access wants a compliant device", fixPolicy},
	{53003, AboutPolicy, "Conditional Access blocks the identity", fixPolicy},
	{53011, AboutPolicy, "the identity is blocked for its risk", fixPolicy},
	{65001, AboutResource, "nobody consented to the application's use of the resource", fixConsent},
	{65005, AboutResource, "the resource is not among those that the application declares", fixConsent},
	{70001, AboutIdentity, "the application is turned off, or not in the tenant", fixDisabled},
	{70002, AboutIdentity, "the credential was not accepted", fixCredential},
	{70003, AboutRequest, "the kind of grant is not supported", fixForm},
	{70011, AboutResource, "the scope is not valid: the resource is not an App ID URI that the tenant knows", fixResource},
	{70021, AboutFederation, "the identity has no federated credential that matches the token", fixFederation},
	{90002, AboutTenant, "there is no such tenant, or it is in another cloud", fixTenant},
	{90006, AboutOutage, "Entra is not available for a moment", fixOutage},
	{90009, AboutResource, "the application asks for a token for itself by another name than its client id", "ask for the client id in place of the App ID URI"},
	{90012, AboutOutage, "the request took Entra too long", fixOutage},
	{90013, AboutRequest, "something in the request is not valid", fixForm},
	{90014, AboutRequest, "something is missing from the request", fixForm},
	{90019, AboutTenant, "the request names no tenant", fixTenant},
	{90023, AboutRequest, "the request is not valid", fixForm},
	{90024, AboutOutage, "a passing error of Entra's", fixOutage},
	{90033, AboutOutage, "Entra's directory is not available", fixOutage},
	{90038, AboutTenant, "the tenant is in another cloud", fixCloud},
	{90051, AboutTenant, "the cloud is not known", fixCloud},
	{90055, AboutOutage, "the tenant has too many requests", "call again later, and find what asks Entra without a cache"},
	{90061, AboutOutage, "the request to the token's issuer failed", fixIssuer},
	{90090, AboutOutage, "Entra is not available for a moment", fixOutage},
	{90091, AboutOutage, "a service behind Entra cannot be reached", fixOutage},
	{90100, AboutRequest, "a parameter is empty or not valid", fixForm},
	{90102, AboutRequest, "a parameter is not an absolute URI", fixResource},
	{100007, AboutRequest, "the regional login host does not serve this kind of caller", "use the login host of the cloud in $AZURE_AUTHORITY_HOST, not a regional one"},
	{500011, AboutResource, "the tenant has no application with the resource's App ID URI", fixResource},
	{500014, AboutResource, "the resource is turned off in the tenant", "turn the resource's service principal on, or see whether its subscription has lapsed"},
	{500212, AboutPolicy, "the identity's tenant lets nobody out to the resource's tenant", fixPolicy},
	{500213, AboutPolicy, "the resource's tenant does not let the identity's tenant in", fixPolicy},
	{501051, AboutResource, "the application requires assignment, and the identity has no role of it", "give the identity one of the application's roles: aztoken grant --app APP --role ROLE --to IDENTITY; it takes some minutes"},
	{501461, AboutResource, "the resource maps claims, and its App ID URI is not of a verified domain", "the owner of the resource must use api://<client id> or a verified domain as App ID URI, or a signing key of its own"},
	{501661, AboutOutage, "the request to the token's issuer failed", fixIssuer},
	{530032, AboutPolicy, "a security policy of the tenant blocks it", fixPolicy},
	{530035, AboutPolicy, "the tenant's security defaults block it", fixPolicy},
	{650052, AboutResource, "the tenant has not subscribed to the resource", "an administrator must add the resource's service principal to the tenant (az ad sp create --id)"},
	{650054, AboutResource, "the resource was removed", fixResource},
	{650056, AboutResource, "the application is not configured for the resource", fixConsent},
	{650057, AboutResource, "the resource is not among those that the application declares", fixConsent},
	{700011, AboutIdentity, "the tenant has no such application", fixClient},
	{700016, AboutIdentity, "the tenant has no application with this client id", fixClient},
	{700022, AboutResource, "the scope names more than one resource", "ask for one resource at a time"},
	{700023, AboutResource, "the scope names no resource", fixResource},
	{700024, AboutFederation, "the assertion has ended, or is not valid yet", "check that the kubelet renews the file in $AZURE_FEDERATED_TOKEN_FILE, that nothing keeps an expired copy of it, and the clocks"},
	{700025, AboutIdentity, "the application is a public client and may have no credential", "give the application a credential as a confidential client: turn public client flows off"},
	{700027, AboutIdentity, "the signature of the assertion is not of a key that Entra knows", fixCredential},
	{700030, AboutIdentity, "the certificate's name is not one that may sign in", fixCredential},
	{700211, AboutFederation, "no federated credential of the identity has the token's issuer", fixFederation},
	{700212, AboutFederation, "no federated credential of the identity has the token's audience", fixFederation},
	{700213, AboutFederation, "no federated credential of the identity has the token's subject", fixFederation},
	{700222, AboutFederation, "a token of Entra's own is not allowed as this assertion", fixAudience},
	{700226, AboutFederation, "only a managed identity's token is allowed as this assertion", "exchange a managed identity's token, not that of an application"},
	{700227, AboutFederation, "a token for this audience is not allowed as an assertion", fixAudience},
	{700229, AboutFederation, "a user's token is not allowed as an assertion", "exchange a managed identity's token, not that of a user"},
	{700236, AboutFederation, "the tenant does not allow Entra's own tokens as assertions", fixPolicy},
	{900023, AboutTenant, "the tenant is neither a GUID nor a domain", fixTenant},
	{900144, AboutRequest, "a parameter is missing from the request", fixForm},
	{900382, AboutTenant, "an application cannot sign in across clouds", fixCloud},
	{900432, AboutTenant, "an application cannot sign in across clouds", fixCloud},
	{900612, AboutOutage, "Entra could not read the issuer's keys", fixIssuer},
	{901002, AboutRequest, "the parameter resource is not supported at this address", fixForm},
	{1002012, AboutResource, "the scope does not end in /.default", "ask for the resource (its App ID URI), not for one of its permissions"},
	{5000224, AboutTenant, "the tenant is blocked", "ask the tenant's administrator, and Azure support"},
	{7000112, AboutIdentity, "the application is turned off", fixDisabled},
	{7000114, AboutIdentity, "the application may not act on behalf of others", fixConsent},
	{7000215, AboutIdentity, "the secret or assertion is not valid", fixCredential},
	{7000216, AboutRequest, "the assertion is missing from the request", fixForm},
	{7000218, AboutRequest, "the assertion is missing from the request", fixForm},
	{7000222, AboutIdentity, "the secret has expired", fixCredential},
	{7002121, AboutFederation, "the audience of Entra's own token is not the federated credential's", fixAudience},
	{7002131, AboutFederation, "the token's subject does not match the expression of a flexible federated credential", fixFederation},
	{7002138, AboutFederation, "the token's subject differs from the federated credential's in upper and lower case", fixFederation},
	{9002313, AboutRequest, "the request is malformed", fixForm},
	{70022204, AboutFederation, "the assertion is for another cloud's audience", fixAudience},
}

// EntraErrors returns what is known of Entra's error codes, sorted by code.
func EntraErrors() []EntraError { return slices.Clone(entraErrors) }

// FindEntraError returns what is known of the first of codes that anything is known of.
func FindEntraError(codes []int) (EntraError, bool) {
	for _, code := range codes {
		at, found := slices.BinarySearchFunc(entraErrors, code, func(e EntraError, code int) int { return e.Code - code })
		if found {
			return entraErrors[at], true
		}
	}
	return EntraError{}, false
}
