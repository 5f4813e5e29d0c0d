package federate

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/seed-ac726066/aztoken/internal/authority"
	"github.com/seed-ac726066/aztoken/internal/graph"
)

// State is what exists.
type State struct {
	Application graph.Application
	// Service is the application's service principal, without which it gets no tokens; nil for
	// none.
	Service *graph.ServicePrincipal
	// TenantID is the tenant of the application and the identities.
	TenantID string
	// Identities are the named ones, each once.
	Identities []graph.ServicePrincipal
	// Credentials are all federated credentials of the application.
	Credentials []graph.FederatedCredential
}

// Wanted returns the credential that lets an identity act as the application: the existing one, or
// one without an id and a name.
func (w Spec) Wanted(s State, identity graph.ServicePrincipal) graph.FederatedCredential {
	want := graph.FederatedCredential{
		Issuer: w.Cloud.Issuer(s.TenantID), Subject: identity.ID, Audiences: []string{w.audience()},
		Description: fmt.Sprintf("%.500s", "The managed identity "+cmp.Or(identity.ResourceID(), identity.DisplayName)),
	}
	for _, have := range s.Credentials {
		if matches(have, want) {
			return have
		}
	}
	return want
}

// matches reports whether a credential does what a wanted one does. Entra compares exactly.
func matches(have, want graph.FederatedCredential) bool {
	return have.Issuer == want.Issuer && have.Subject == want.Subject && slices.Equal(have.Audiences, want.Audiences)
}

// isFor reports whether a credential is meant for an identity of a tenant, even if it is wrong.
func isFor(have graph.FederatedCredential, identity graph.ServicePrincipal, tenantID string) bool {
	subject := strings.TrimSpace(have.Subject)
	// The client id as the subject is a common mistake.
	mine := strings.EqualFold(subject, identity.ID) || identity.AppID != "" && strings.EqualFold(subject, identity.AppID)
	return mine && isEntra(have.Issuer, tenantID)
}

// isEntra reports whether an issuer is meant to be that of a tenant, in any version of its tokens.
func isEntra(issuer, tenantID string) bool {
	u, err := url.Parse(strings.ToLower(strings.TrimSpace(issuer)))
	if err != nil || authority.Audience(u.Hostname()) == "" {
		return false
	}
	tenant, version, _ := strings.Cut(strings.Trim(u.Path, "/"), "/")
	return tenant == strings.ToLower(tenantID) && (version == "" || version == "v2.0")
}

// difference returns what is wrong with a credential, for people.
func difference(have, want graph.FederatedCredential) string {
	var wrong []string
	add := func(what, is, should string) {
		if is != should {
			wrong = append(wrong, fmt.Sprintf("its %s is %q, not %q", what, is, should))
		}
	}
	add("issuer", have.Issuer, want.Issuer)
	add("subject", have.Subject, want.Subject)
	add("audience", strings.Join(have.Audiences, ", "), strings.Join(want.Audiences, ", "))
	return strings.Join(wrong, ", and ")
}
