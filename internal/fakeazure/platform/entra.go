package platform

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/seed-ac726066/aztoken/internal/identityapi"
)

// Entra is the source of one request of workload identity, where no platform is in between: each
// request mints. It implements [identityapi.Source].
type Entra struct {
	Platform *Platform

	// Refusal is what Entra ID answers now. Nil: it issues tokens.
	Refusal *identityapi.Failure

	// Minted says after Token that there was one.
	Minted bool
}

// Token returns a new token if the tenant, the client and the assertion are good.
func (e *Entra) Token(_ context.Context, r identityapi.Request) (identityapi.Token, *identityapi.Failure) {
	id, failure := e.check(r)
	if failure != nil {
		return identityapi.Token{}, failure
	}
	e.Minted = true
	return success(id, e.Platform.issuer.Issue(id.subject(r.Resource), r.Resource, time.Now())), nil
}

func (e *Entra) check(r identityapi.Request) (*Identity, *identityapi.Failure) {
	refuse := func(status int, code string, number int, format string, a ...any) (*Identity, *identityapi.Failure) {
		return nil, &identityapi.Failure{
			Reason: identityapi.Refused, Status: status, Code: code, Number: number, Text: fmt.Sprintf(format, a...),
		}
	}
	if e.Refusal != nil && e.Refusal.Reason == identityapi.EntraDown {
		return nil, e.Refusal
	}
	if !strings.EqualFold(r.Tenant, e.Platform.issuer.TenantID()) {
		return refuse(http.StatusBadRequest, "invalid_request", 90002,
			"Tenant '%s' not found. Check to make sure you have the correct tenant ID.", r.Tenant)
	}
	id, _ := choose(e.Platform.options.Identities, r.ID, OwnAlone)
	if id == nil {
		return refuse(http.StatusBadRequest, "unauthorized_client", 700016,
			"Application with identifier '%s' was not found in the directory '%s'.", r.ID.Value, r.Tenant)
	}
	if number, description := e.Platform.assertion(r.Assertion); number != 0 {
		return refuse(http.StatusUnauthorized, "invalid_client", number, "%s", description)
	}
	if !e.Platform.knows(r.Resource) {
		return refuse(http.StatusBadRequest, "invalid_resource", 500011,
			"The resource principal named %s was not found in the tenant named %s.", r.Resource, r.Tenant)
	}
	return id, e.Refusal
}
