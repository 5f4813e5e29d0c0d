package integrations_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
)

// A kind is a way to select one of a host's identities.
type kind string

const (
	byDefault    kind = "no id"
	byClientID   kind = "client id"
	byObjectID   kind = "object id"
	byResourceID kind = "resource id"
)

// kinds are all kinds. Some hosts refuse some of them.
var kinds = []kind{byDefault, byClientID, byObjectID, byResourceID}

// The identities of the machine on which the clients run. No token may be for an identity other
// than the requested one.
var (
	system = imdstest.Identity{
		SystemAssigned: true,
		ClientID:       "c0000000-0000-4000-8000-0000000000a1",
		ObjectID:       "0b000000-0000-4000-8000-0000000000a1",
	}
	orders = imdstest.Identity{
		ClientID:   "c0000000-0000-4000-8000-0000000000b2",
		ObjectID:   "0b000000-0000-4000-8000-0000000000b2",
		ResourceID: "/subscriptions/50b00000-0000-4000-8000-000000000001/resourceGroups/shop/providers/Microsoft.ManagedIdentity/userAssignedIdentities/orders",
	}
)

// id returns the id of an identity that k uses.
func (k kind) id(i imdstest.Identity) string {
	switch k {
	case byClientID:
		return i.ClientID
	case byObjectID:
		return i.ObjectID
	case byResourceID:
		return i.ResourceID
	default:
		return ""
	}
}

// A site is a host started for a test.
type site struct {
	host host
	srv  *imdstest.Server
	env  imdstest.Environment
}

// A host is one of the environments in which programs have managed identities.
type host struct {
	name string // as in imdstest.Request
	// found is the variable by which clients find the host, if that is not the usual one.
	found string
	// start returns a fake of the host, and the environment of a program on it.
	start func(t *testing.T) (*imdstest.Server, imdstest.Environment)
	// kinds are the kinds that the host supports.
	kinds []kind
	// unnamed is the variable with the client id of the identity that a request without an id gets;
	// "" means the system-assigned one.
	unnamed string
}

var hosts = []host{
	imdsAtItsAddress,
	onSocket("App Service", (*imdstest.Server).AppService, kinds),
	arc,
	onSocket("Service Fabric", (*imdstest.Server).ServiceFabric, []kind{byDefault}),
	onSocket("Cloud Shell", (*imdstest.Server).CloudShell, []kind{byDefault}),
	azureML,
	workloadIdentity,
}

// imdsAtItsAddress is found without any environment variable, as on a virtual machine.
var imdsAtItsAddress = host{
	name: "IMDS",
	start: func(t *testing.T) (*imdstest.Server, imdstest.Environment) {
		t.Helper()
		srv := imdstest.New(machine())
		atTheRealAddress(t, srv)
		return srv, imdstest.Environment{}
	},
	kinds: kinds,
}

// imdsElsewhere is found by a variable that the JavaScript clients read, as ours does.
var imdsElsewhere = func() host {
	h := onSocket("IMDS", (*imdstest.Server).IMDS, kinds)
	h.found = "AZURE_POD_IDENTITY_AUTHORITY_HOST"
	return h
}()

var arc = host{
	name: "Azure Arc",
	start: func(t *testing.T) (*imdstest.Server, imdstest.Environment) {
		t.Helper()
		needVarOpt(t)
		srv := imdstest.NewServer(t, machine())
		return srv, srv.Arc()
	},
	kinds: kinds,
}

// containerInstances are container instances on Windows. No third-party library gets a token there.
var containerInstances = onSocket("Container Instances on Windows", (*imdstest.Server).ContainerInstances, []kind{byDefault, byObjectID})

var azureML = func() host {
	h := onSocket("Azure ML", (*imdstest.Server).AzureML, []kind{byDefault, byClientID})
	h.unnamed = "DEFAULT_IDENTITY_CLIENT_ID"
	return h
}()

var workloadIdentity = func() host {
	h := onSocket("workload identity", (*imdstest.Server).WorkloadIdentity, []kind{byDefault, byClientID})
	h.unnamed = "AZURE_CLIENT_ID"
	return h
}()

func onSocket(name string, environment func(*imdstest.Server) imdstest.Environment, kinds []kind) host {
	return host{
		name: name,
		start: func(t *testing.T) (*imdstest.Server, imdstest.Environment) {
			t.Helper()
			srv := imdstest.NewServer(t, machine())
			return srv, environment(srv)
		},
		kinds: kinds,
	}
}

func machine() *imdstest.Options {
	return &imdstest.Options{Identities: []imdstest.Identity{system, orders}}
}

// expected returns the identity for which a token on the host must be.
func (h host) expected(env imdstest.Environment, k kind) imdstest.Identity {
	if k != byDefault || h.unnamed != "" && env.Get(h.unnamed) == orders.ClientID {
		return orders
	}
	return system
}

// requireToken fails if token was not issued by srv for this resource and identity.
func requireToken(t *testing.T, srv *imdstest.Server, token, resource string, id imdstest.Identity) {
	t.Helper()
	claims, err := srv.Claims(token)
	require.NoError(t, err)
	require.Equal(t, resource, claims["aud"])
	require.Equal(t, id.ObjectID, claims["oid"])
	require.Equal(t, id.ClientID, claims["appid"])
}

// requireRefused fails if the host got no request for resource, or issued a token for it.
func (at site) requireRefused(t *testing.T, resource string) {
	t.Helper()
	requests := at.requests(resource)
	require.NotEmpty(t, requests, "the host was not asked")
	for _, r := range requests {
		require.NotEqual(t, http.StatusOK, r.Status, "%v", r)
	}
}

// requests returns the requests of one test.
func (at site) requests(resource string) []imdstest.Request {
	return slices.DeleteFunc(at.srv.Requests(), func(r imdstest.Request) bool {
		return r.Resource != resource && r.Form.Get("resource") != resource && !strings.HasPrefix(r.Form.Get("scope"), resource+"/.default")
	})
}
