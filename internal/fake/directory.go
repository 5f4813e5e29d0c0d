package fake

import (
	"fmt"
	"net/http"
	"path"
	"strings"

	"github.com/seed-ac726066/aztoken/internal/fakeazure"
	"github.com/seed-ac726066/aztoken/internal/fakeazure/platform"
	"github.com/seed-ac726066/aztoken/internal/fakegraph"
	"github.com/seed-ac726066/aztoken/internal/graph"
)

const subscription = "/subscriptions/50b00000-0000-4000-8000-000000000001/resourceGroups/fake/providers/"

// UserAssigned returns the resource id of a user-assigned identity with a name, in the subscription
// of the fake.
func UserAssigned(name string) string {
	return subscription + "Microsoft.ManagedIdentity/userAssignedIdentities/" + name
}

// newDirectory returns a fake Graph whose directory has the identities of a machine.
func newDirectory(machine *fakeazure.Server, onRequest func(fakegraph.Request)) *fakegraph.Server {
	g := fakegraph.New(&fakegraph.Options{TenantID: machine.Issuer().TenantID(), AnyCloud: true, OnRequest: onRequest})
	for n, id := range machine.Identities() {
		g.AddServicePrincipal(principal(n+1, id))
	}
	return g
}

// principal returns the service principal of the n-th identity of a machine.
func principal(n int, id platform.Identity) fakegraph.Principal {
	armID := id.ResourceID
	switch {
	case armID != "":
	case id.SystemAssigned:
		armID = subscription + "Microsoft.Compute/virtualMachines/machine"
	default:
		armID = UserAssigned(fmt.Sprintf("identity-%d", n))
	}
	return fakegraph.Principal{
		ID: id.ObjectID, AppID: id.ClientID, Type: graph.ManagedIdentity,
		DisplayName: path.Base(armID), AlternativeNames: fakegraph.AlternativeNames(armID, !id.SystemAssigned),
	}
}

// beside returns a handler that passes requests for Graph to g and all others to machine.
func beside(g *fakegraph.Server, machine http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/v1.0/") || r.URL.Path == graph.FakeSignInPath {
			g.ServeHTTP(w, r)
			return
		}
		machine.ServeHTTP(w, r)
	})
}
