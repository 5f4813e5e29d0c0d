package platform

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/seed-ac726066/aztoken/internal/fakeazure/federation"
	"github.com/seed-ac726066/aztoken/internal/fakeazure/issuer"
	"github.com/seed-ac726066/aztoken/internal/guid"
)

const (
	// defaultAppLifetime is that of an application's token. Entra draws it between 60 and 90
	// minutes; here it is always the mean, so that tests can calculate with it.
	defaultAppLifetime = 75 * time.Minute
	// caeLifetime is that of a token for a client that supports continuous access evaluation. Entra
	// draws it between 24 and 28 hours.
	caeLifetime = 24 * time.Hour
)

// Application is an app registration.
type Application struct {
	// ClientID and ObjectID are GUIDs: the latter is that of the service principal in the home
	// tenant. Blank: ones that end in the application's place in the list.
	ClientID, ObjectID string

	Roles map[string][]string // app roles, by resource, in every tenant

	// Credentials are the federated ones. Nil: a blank one; empty, but not nil: none. What is blank
	// in one is that of a token of the default identity for the token exchange of the public cloud.
	Credentials []federation.Credential

	Tenants []string // further ones in which it is installed
	// TokenLifetime zero means 75 minutes; a client with the capability cp1 gets 24 hours.
	TokenLifetime time.Duration
}

// filled returns a copy of a, the n-th, that has no blanks and shares no memory with it. The
// default identity is of a tenant with that issuer.
func (a Application) filled(n int, issuer string, identity Identity) Application {
	if a.ClientID == "" {
		a.ClientID = fmt.Sprintf("a0000000-0000-4000-8000-%012d", n)
	}
	if a.ObjectID == "" {
		a.ObjectID = fmt.Sprintf("0a000000-0000-4000-8000-%012d", n)
	}
	a.Roles = cloneRoles(a.Roles)
	if a.Credentials == nil {
		a.Credentials = []federation.Credential{{}}
	}
	a.Credentials = slices.Clone(a.Credentials)
	for i := range a.Credentials {
		a.Credentials[i] = filledCredential(a.Credentials[i], issuer, identity)
	}
	a.Tenants = slices.Clone(a.Tenants)
	if a.TokenLifetime == 0 {
		a.TokenLifetime = defaultAppLifetime
	}
	return a
}

func filledCredential(c federation.Credential, of string, identity Identity) federation.Credential {
	if c.Issuer == "" {
		c.Issuer = of
	}
	if c.Subject == "" {
		c.Subject = identity.ObjectID
	}
	if c.Audience == "" {
		c.Audience = issuer.TokenExchange
	}
	return c
}

// subject returns the application's service principal in a tenant as the issuer of a token for
// resource sees it.
func (a Application) subject(tenant string, home bool, resource string, cae bool) issuer.Subject {
	s := issuer.Subject{
		ClientID: a.ClientID, ObjectID: a.ObjectID, Roles: a.Roles[resource], TenantID: tenant, Lifetime: a.TokenLifetime,
	}
	if !home {
		s.ObjectID = principalID(a.ObjectID, tenant)
	}
	if cae {
		s.Lifetime = caeLifetime
	}
	return s
}

// principalID returns the object id of an application's service principal in another tenant: it
// differs from tenant to tenant, but never changes.
func principalID(home, tenant string) string {
	sum := sha256.Sum256([]byte(home + " in " + strings.ToLower(tenant)))
	return guid.Format([16]byte(sum[:16]))
}

func cloneRoles(roles map[string][]string) map[string][]string {
	roles = maps.Clone(roles)
	for resource, names := range roles {
		roles[resource] = slices.Clone(names)
	}
	return roles
}
