package imdstest

import (
	"time"

	"github.com/seed-ac726066/aztoken/internal/fakeazure"
	"github.com/seed-ac726066/aztoken/internal/fakeazure/cluster"
	"github.com/seed-ac726066/aztoken/internal/fakeazure/federation"
	"github.com/seed-ac726066/aztoken/internal/fakeazure/platform"
)

// What an [Application] has where it is blank.
const (
	// The client id of the first application.
	DefaultApplicationID = fakeazure.DefaultApplicationID
	// The object id of the first application.
	DefaultApplicationObjectID = fakeazure.DefaultApplicationObjectID
)

// What the federated token of [Server.WorkloadIdentity] says, for a [FederatedCredential] that
// trusts a pod. Its audience is that of a blank one.
const (
	ClusterIssuer  = cluster.Issuer
	ClusterSubject = cluster.ServiceAccount
)

// Application is an app registration, whose secret is an assertion: a token of another identity
// that it trusts, such as a managed identity.
//
//	imds := imdstest.NewServer(t, &imdstest.Options{Applications: []imdstest.Application{{}}})
//
// is a tenant with one that trusts the machine's default identity. A program that acts as this
// application gets a token of the identity for api://AzureADTokenExchange, and exchanges it at
// Entra ID, which is at the AZURE_AUTHORITY_HOST of every [Environment], for one of the
// application's. Both are token requests, which meet a fault each: see [Fault.EndpointOnly] and
// [Fault.ExchangeOnly].
type Application struct {
	// ClientID and ObjectID are GUIDs; ObjectID is that of the service principal in the tenant of
	// the server; in each other tenant the service principal has a different one. Blank: ids that
	// end in the application's place in the list, counted from 1, as [DefaultApplicationID] and
	// [DefaultApplicationObjectID] do.
	ClientID, ObjectID string

	// Roles are the app roles that it has, by resource and in every tenant.
	Roles map[string][]string

	// FederatedCredentials say whose tokens it trusts. Nil: one blank credential. Empty, but not
	// nil: none.
	FederatedCredentials []FederatedCredential

	// Tenants are further ones in which it is installed, which makes it multi-tenant: a token of
	// such a tenant carries the tenant's id and issuer.
	Tenants []string

	// TokenLifetime is the life of its tokens. Zero: 75 minutes; Entra draws it between 60 and 90.
	// A client that says in the parameter claims that it has the capability cp1 gets 24 hours.
	TokenLifetime time.Duration
}

// FederatedCredential says whose token stands in for an application's secret. Each of the three
// must match exactly, including upper and lower case, as in Entra since 2025.
type FederatedCredential struct {
	Issuer   string // blank: the tenant's, in the form of v2
	Subject  string // blank: the object id of the machine's default identity
	Audience string // blank: api://AzureADTokenExchange
}

func applications(all []Application) []platform.Application {
	var converted []platform.Application
	for _, a := range all {
		app := platform.Application{
			ClientID: a.ClientID, ObjectID: a.ObjectID, Roles: a.Roles, Tenants: a.Tenants, TokenLifetime: a.TokenLifetime,
		}
		if a.FederatedCredentials != nil {
			app.Credentials = []federation.Credential{}
		}
		for _, c := range a.FederatedCredentials {
			app.Credentials = append(app.Credentials, federation.Credential(c))
		}
		converted = append(converted, app)
	}
	return converted
}
