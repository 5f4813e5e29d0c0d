package platform

import (
	"context"
	"net/http"
	"time"

	"github.com/seed-ac726066/aztoken/internal/fakeazure/cluster"
	"github.com/seed-ac726066/aztoken/internal/identityapi"
)

// Binding is the source of one request to the token proxy of AKS: the API server knows its service
// account, and lets it use the machine's identities. It implements [identityapi.Source].
type Binding struct {
	Entra

	// NotBound says that the service account may use none of them.
	NotBound bool
}

// Token returns a new token if the cluster knows the service account, and Entra the rest.
func (b *Binding) Token(_ context.Context, r identityapi.Request) (identityapi.Token, *identityapi.Failure) {
	if !b.Platform.cluster.Authenticates(r.Assertion, cluster.TokenProxy, time.Now()) {
		return identityapi.Token{}, &identityapi.Failure{Reason: identityapi.Refused, Status: http.StatusUnauthorized}
	}
	if id, _ := choose(b.Platform.options.Identities, r.ID, OwnAlone); id == nil || b.NotBound {
		return identityapi.Token{}, &identityapi.Failure{Reason: identityapi.IdentityNotFound}
	}
	if b.Refusal != nil && b.Refusal.Reason == identityapi.EntraDown {
		return identityapi.Token{}, b.Refusal
	}
	c, failure := b.Platform.client(r)
	if failure != nil {
		return identityapi.Token{}, failure
	}
	return b.issue(c, r)
}
