package imdstest

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"time"
)

// What a server uses where its [Options] are blank.
const (
	DefaultTenantID = "7e000000-0000-4000-8000-000000000001" // the tenant
	DefaultClientID = "c0000000-0000-4000-8000-000000000001" // the client id of the first identity
	DefaultObjectID = "0b000000-0000-4000-8000-000000000001" // the object id of the first identity
)

const (
	defaultLifetime  = 24 * time.Hour
	defaultMintAfter = time.Hour
)

// Options say what a server knows and how it mints. The zero value is a machine with one
// system-assigned identity that may have a token for every resource.
type Options struct {
	// TenantID is the GUID of the tenant that the identities live in. Blank: [DefaultTenantID].
	TenantID string

	// Identities are the managed identities of the machine. Nil: one system-assigned identity with
	// [DefaultClientID] and [DefaultObjectID]. Empty, but not nil: none.
	Identities []Identity

	// Resources are the resources that the tenant knows, compared exactly: a trailing slash matters.
	// Any other is answered with invalid_resource. Nil: every resource is known.
	Resources []string

	// TokenLifetime is the life that a token has left when it is minted, in whole seconds.
	// Zero: 24 hours. The claims iat and nbf are back-dated by five minutes, so that exp - nbf is
	// 86 700 s, as it is in real tokens.
	TokenLifetime time.Duration

	// MintAfter is the least age at which the platform replaces a token when it is asked. Until then
	// it gives the same token again, with less life. Zero: one hour. Negative: the platform keeps no
	// tokens and mints one for each request. TokenLifetime less five minutes plays a host that gives one
	// token until shortly before its end. A token in its last five seconds is never given again.
	MintAfter time.Duration

	// TokenVersion is the form of the claims. 0 or 1: v1, with appid and an issuer at
	// sts.windows.net, which is what resources get by default. 2: v2, with azp and an issuer at
	// login.microsoftonline.com.
	TokenVersion int

	// ArcKeyDir is the directory where the key files of Azure Arc are written. Blank: the agent's own,
	// /var/opt/azcmagent/tokens, or on Windows %ProgramData%\AzureConnectedMachineAgent\Tokens. Clients read from
	// nowhere else; another is for those that can be told so.
	ArcKeyDir string

	// Secret is what a program shows to App Service, Service Fabric and Azure ML, for an environment that is written down
	// before the server starts. Blank: one for each host, which nobody can guess.
	Secret string

	// CertificateNames are further DNS names and IP addresses that the server's certificate is for. Nil: localhost, imds.test
	// and the loopback addresses alone.
	CertificateNames []string

	// OnRequest is called with each request, for tokens or for documents, once its client has all of the answer or has given
	// up. Calls may come at the same time. Nil: nobody is told.
	OnRequest func(Request)
}

// filled returns a copy of o that shares no memory with it and has no blanks.
func (o *Options) filled() Options {
	var f Options
	if o != nil {
		f = *o
	}
	switch f.TokenVersion {
	case 0:
		f.TokenVersion = 1
	case 1, 2:
	default:
		panic(fmt.Sprintf("imdstest: Options.TokenVersion is %d, not 0, 1 or 2", f.TokenVersion))
	}
	if f.TenantID == "" {
		f.TenantID = DefaultTenantID
	}
	if f.TokenLifetime == 0 {
		f.TokenLifetime = defaultLifetime
	}
	if f.MintAfter == 0 {
		f.MintAfter = defaultMintAfter
	}
	if f.ArcKeyDir == "" {
		f.ArcKeyDir = defaultKeyDir()
	}
	if absolute, err := filepath.Abs(f.ArcKeyDir); err == nil {
		f.ArcKeyDir = absolute // clients are told it, and may run elsewhere
	}
	f.Resources = slices.Clone(f.Resources)
	f.CertificateNames = slices.Clone(f.CertificateNames)
	if f.Identities == nil {
		f.Identities = []Identity{{SystemAssigned: true}}
	}
	f.Identities = slices.Clone(f.Identities)
	for i := range f.Identities {
		f.Identities[i] = f.Identities[i].filled(i + 1)
	}
	return f
}

// filled returns a copy of id, the n-th of its machine, that has no blank GUIDs.
func (id Identity) filled(n int) Identity {
	if id.ClientID == "" {
		id.ClientID = fmt.Sprintf("c0000000-0000-4000-8000-%012d", n)
	}
	if id.ObjectID == "" {
		id.ObjectID = fmt.Sprintf("0b000000-0000-4000-8000-%012d", n)
	}
	id.Roles = maps.Clone(id.Roles)
	for resource, roles := range id.Roles {
		id.Roles[resource] = slices.Clone(roles)
	}
	return id
}
