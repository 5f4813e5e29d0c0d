package platform

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/seed-ac726066/aztoken/internal/fakeazure/cluster"
	"github.com/seed-ac726066/aztoken/internal/fakeazure/federation"
	"github.com/seed-ac726066/aztoken/internal/fakeazure/issuer"
	"github.com/seed-ac726066/aztoken/internal/identityapi"
)

// Entra is the source of one request to Entra ID itself, by a pod with workload identity or by an
// application, without a platform in between: each request mints a token. It implements
// [identityapi.Source].
type Entra struct {
	Platform *Platform

	// Refusal is what Entra ID answers now. Nil: it issues tokens.
	Refusal *identityapi.Failure

	// Minted says after Token that there was one.
	Minted bool
}

// Token returns a new token if the tenant, the client and the assertion are good.
func (e *Entra) Token(_ context.Context, r identityapi.Request) (identityapi.Token, *identityapi.Failure) {
	if e.Refusal != nil && e.Refusal.Reason == identityapi.EntraDown {
		return identityapi.Token{}, e.Refusal
	}
	c, failure := e.Platform.client(r)
	if failure == nil {
		failure = e.Platform.judge(c.trust, r.Assertion, time.Now())
	}
	if failure != nil {
		return identityapi.Token{}, failure
	}
	return e.issue(c, r)
}

// issue returns a new token for a client that has proven who it is.
func (e *Entra) issue(c client, r identityapi.Request) (identityapi.Token, *identityapi.Failure) {
	if !e.Platform.knows(r.Resource) {
		return identityapi.Token{}, refused(http.StatusBadRequest, "invalid_resource", 500011,
			"The resource principal named %s was not found in the tenant named %s.", r.Resource, r.Tenant)
	}
	if e.Refusal != nil {
		return identityapi.Token{}, e.Refusal
	}
	e.Minted = true
	token := e.Platform.issuer.Issue(c.subject, r.Resource, time.Now())
	return success(Identity{ClientID: c.subject.ClientID, ObjectID: c.subject.ObjectID, ResourceID: c.resourceID}, token), nil
}

// client is who asks Entra ID for a token.
type client struct {
	subject    issuer.Subject
	resourceID string
	trust      federation.Trust
}

// client returns the one that a request names, an application or a managed identity, or why there
// is none in the tenant.
func (p *Platform) client(r identityapi.Request) (client, *identityapi.Failure) {
	tenant, known := p.issuer.Tenant(r.Tenant)
	if !known {
		return client{}, refused(http.StatusBadRequest, "invalid_request", 90002,
			"Tenant '%s' not found. Check to make sure you have the correct tenant ID.", r.Tenant)
	}
	home := tenant == p.issuer.TenantID()
	if app, found := p.application(r.ID.Value); found {
		switch {
		case home, hasFold(app.Tenants, tenant):
			return client{
				subject: app.subject(tenant, home, r.Resource, r.CAE),
				trust:   federation.Trust{Credentials: app.Credentials, Home: p.issuer.URL()},
			}, nil
		case len(app.Tenants) > 0:
			return client{}, refused(http.StatusUnauthorized, "invalid_client", 7000229,
				"The client application %s is missing service principal in the tenant %s. "+
					"See instructions here: https://go.microsoft.com/fwlink/?linkid=2225119", r.ID.Value, r.Tenant)
		}
	} else if id, _ := choose(p.options.Identities, r.ID, OwnAlone); id != nil && home {
		return client{subject: id.subject(r.Resource), resourceID: id.ResourceID, trust: ofPods}, nil
	}
	return client{}, refused(http.StatusBadRequest, "unauthorized_client", 700016,
		"Application with identifier '%s' was not found in the directory '%s'. This can happen if the application has not been "+
			"installed by the administrator of the tenant or consented to by any user in the tenant. "+
			"You may have sent your authentication request to the wrong tenant.", r.ID.Value, r.Tenant)
}

// ofPods is the trust of every managed identity: the service account of the cluster.
var ofPods = federation.Trust{
	Identity:    true,
	Credentials: []federation.Credential{{Issuer: cluster.Issuer, Subject: cluster.ServiceAccount, Audience: issuer.TokenExchange}},
}

// application returns the one with a client id.
func (p *Platform) application(clientID string) (Application, bool) {
	at := slices.IndexFunc(p.options.Applications, func(a Application) bool { return strings.EqualFold(a.ClientID, clientID) })
	if at < 0 {
		return Application{}, false
	}
	return p.options.Applications[at], true
}

// judge returns why Entra ID refuses an assertion.
func (p *Platform) judge(trust federation.Trust, assertion string, now time.Time) *identityapi.Failure {
	payload, err := p.issuer.Payload(assertion)
	var a federation.Assertion
	if err == nil {
		a, err = federation.Read(payload)
	}
	var bad federation.Refusal
	switch {
	case err != nil, strings.ContainsAny(assertion, " \r\n"):
		// Such as the line feed at the end of a file.
		bad = federation.Refusal{Number: 50027, Text: "JWT token is invalid or malformed."}
	case !a.Valid(now):
		bad = federation.Refusal{Number: 700024, Text: fmt.Sprintf("Client assertion is not within its valid time range. "+
			"Current time: %s, expiry time of assertion %s.", now.UTC().Format(time.RFC3339), a.ExpiresOn.UTC().Format(time.RFC3339))}
	default:
		bad = trust.Judge(a, func(clientID string) bool { _, found := p.application(clientID); return found })
	}
	if bad.Number == 0 && a.Issuer == cluster.Issuer && a.Subject == cluster.ServiceAccount && !p.cluster.Mounted(assertion) {
		bad = federation.Refusal{Number: 70021, Text: "No matching federated identity record found for presented assertion."}
	}
	if bad.Number == 0 {
		return nil
	}
	return refused(http.StatusUnauthorized, "invalid_client", bad.Number, "%s", bad.Text)
}

func hasFold(all []string, one string) bool {
	return slices.ContainsFunc(all, func(s string) bool { return strings.EqualFold(s, one) })
}

// refused returns a refusal of Entra's.
func refused(status int, code string, number int, format string, a ...any) *identityapi.Failure {
	return &identityapi.Failure{
		Reason: identityapi.Refused, Status: status, Code: code, Number: number, Text: fmt.Sprintf(format, a...),
	}
}
