package federate

import (
	"cmp"
	"fmt"
	"net/url"
	"strings"

	"github.com/seed-ac726066/aztoken/internal/authority"
	"github.com/seed-ac726066/aztoken/internal/graph"
	"github.com/seed-ac726066/aztoken/internal/guid"
)

// Spec is what to set up.
type Spec struct {
	// App is the application: a client id, an object id, an App ID URI, or a name.
	App string
	// To are the identities: Azure resource ids, object ids, client ids or names.
	To []string
	// Name is the name of a new credential, for one identity. "" means a name like the identity's.
	Name string
	// Audience is that of the identities' tokens. "" is Cloud's.
	Audience string
	// Cloud is the cloud of the tenant.
	Cloud graph.Cloud
	// TenantID is the tenant if the sign-in does not say.
	TenantID string
	// Revoke removes the credentials instead.
	Revoke bool
}

// audience returns what the tokens of the identities must be for.
func (w Spec) audience() string { return cmp.Or(w.Audience, w.Cloud.Audience()) }

// maxAudience is Entra's limit for the length of an audience.
const maxAudience = 600

// CheckAudience returns what is wrong with an audience, nil if nothing is known to be.
func CheckAudience(audience string) error {
	u, err := url.Parse(audience)
	isURI := err == nil && u.Scheme != "" && (u.Host != "" || u.Opaque != "")
	strange := strings.ContainsFunc(audience, func(c rune) bool { return c <= ' ' || c > '~' || strings.ContainsRune("\"'`\\$", c) })
	if strange || len(audience) > maxAudience || !isURI && !guid.Is(audience) {
		return fmt.Errorf("aztoken: %.100q cannot be an audience; use that of your cloud, such as %s, or omit it", audience, authority.PublicAudience)
	}
	return nil
}
