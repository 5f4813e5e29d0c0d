package imdstest

import (
	"time"

	"github.com/seed-ac726066/aztoken/internal/fakeazure"
	"github.com/seed-ac726066/aztoken/internal/fakeazure/platform"
)

// What a server uses where its [Options] are blank.
const (
	DefaultTenantID = fakeazure.DefaultTenantID // the tenant
	DefaultClientID = fakeazure.DefaultClientID // the client id of the first identity
	DefaultObjectID = fakeazure.DefaultObjectID // the object id of the first identity
)

// Options say what a server knows and how it mints. The zero value is a machine with one
// system-assigned identity that may have a token for every resource.
type Options struct {
	// TenantID is the GUID of the tenant that the identities live in. Blank: [DefaultTenantID].
	TenantID string

	// Identities are the managed identities of the machine. Nil: one system-assigned identity with
	// [DefaultClientID] and [DefaultObjectID]. Empty, but not nil: none.
	Identities []Identity

	// Applications are the app registrations of the tenant. Nil: none.
	Applications []Application

	// Tenants are further tenants that Entra ID knows; those of applications need not be named.
	// Nil: none.
	Tenants []string

	// Resources are the resources that the tenant knows, compared exactly: a trailing slash
	// matters. Any other gets invalid_resource. Nil: every resource is known.
	Resources []string

	// TokenLifetime is the life that a token has left when it is minted, in whole seconds. Zero: 24
	// hours. The claims iat and nbf are back-dated by five minutes, so that exp - nbf is 86 700 s,
	// as it is in real tokens.
	TokenLifetime time.Duration

	// MintAfter is the least age at which the platform replaces a token when it is asked. Until
	// then it returns the same token again, with less life. Zero: one hour. Negative: the platform
	// keeps no tokens and mints one for each request. TokenLifetime minus five minutes simulates a
	// host that keeps one token until shortly before it expires. A token in its last five seconds
	// is never returned again.
	MintAfter time.Duration

	// TokenVersion is the form of the claims, as a resource's manifest has it in
	// requestedAccessTokenVersion. 0 or 1: v1, with appid and an issuer at sts.windows.net, which
	// is what resources get by default. 2: v2, with azp and an issuer at login.microsoftonline.com.
	TokenVersion int

	// OptionalClaims are the claims that a resource's manifest asks for in optionalClaims. The one
	// that is known is "idtyp", which is "app" in the token of an application. Nil: none, which is
	// what resources get by default.
	OptionalClaims []string

	// ArcKeyDir is the directory where the key files of Azure Arc are written. Blank: the agent's
	// own, /var/opt/azcmagent/tokens, or on Windows
	// %ProgramData%\AzureConnectedMachineAgent\Tokens. Clients read the files only there, unless
	// they can be told another directory.
	ArcKeyDir string

	// ProxyCAData has [Server.IdentityBinding] put the authority of the proxy into a variable,
	// AZURE_KUBERNETES_CA_DATA, and not into a file.
	ProxyCAData bool
}

// Identity is a managed identity that is assigned to the machine.
type Identity struct {
	// SystemAssigned marks the machine's own identity. There is at most one; of several, the first
	// counts.
	SystemAssigned bool

	// ClientID and ObjectID are GUIDs. Blank: ones that end in the identity's place in the list,
	// counted from 1, as [DefaultClientID] and [DefaultObjectID] do.
	ClientID, ObjectID string

	// ResourceID is the ARM id, compared without regard to case. Blank: none, the identity cannot
	// be asked for by it.
	ResourceID string

	// Roles are the app roles that the identity has, by resource. A token for another resource has
	// no claim roles.
	Roles map[string][]string
}

func (o *Options) engine() fakeazure.Options {
	var identities []platform.Identity
	if o.Identities != nil {
		identities = []platform.Identity{}
	}
	for _, id := range o.Identities {
		identities = append(identities, platform.Identity(id))
	}
	return fakeazure.Options{
		TenantID: o.TenantID, Identities: identities, Resources: o.Resources,
		TokenLifetime: o.TokenLifetime, MintAfter: o.MintAfter,
		TokenVersion: o.TokenVersion, OptionalClaims: o.OptionalClaims, ArcKeyDir: o.ArcKeyDir,
		Applications: applications(o.Applications), Tenants: o.Tenants, ProxyCAData: o.ProxyCAData,
	}
}
