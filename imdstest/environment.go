package imdstest

import (
	"fmt"
	"os"
	"testing"

	"github.com/seed-ac726066/aztoken/internal/fakeazure"
)

// Environment is what a host sets for the programs on it, by name of the variable. It contains
// secrets, though only those of a fake.
type Environment map[string]string

// Get returns a variable, as [os.Getenv] does, or "". It is for aztoken.Options.Getenv.
func (e Environment) Get(name string) string { return e[name] }

// Setenv puts the test on the host, until it ends: every variable is set, and every other variable
// by which a program detects a host is removed. It is for clients that read the environment of the
// process. A test that calls it, or one of its parents, cannot run in parallel.
func (e Environment) Setenv(tb testing.TB) {
	tb.Helper()
	for _, name := range fakeazure.Detection() {
		if _, ok := e[name]; !ok {
			tb.Setenv(name, "") // remembers to restore it
			if err := os.Unsetenv(name); err != nil {
				tb.Fatalf("imdstest: taking %s out of the environment: %v", name, err)
			}
		}
	}
	for name, value := range e {
		tb.Setenv(name, value)
	}
}

// Environ returns the environment for a program that the test starts, for exec.Cmd.Env: that of the
// process without the variables by which a program detects a host, and then these.
func (e Environment) Environ() []string { return fakeazure.Environment(e).Environ() }

// IMDS returns the environment in which a client asks the metadata service of a virtual machine at
// this server. Most clients assume IMDS and need no environment; those whose endpoint can be
// changed read these variables.
func (s *Server) IMDS() Environment { return s.environment(s.engine.IMDS(s.URL)) }

// AppService returns the environment in which a client takes this server for App Service, Functions
// or Container Apps, in the version of 2019 or that of 2017. Without a system-assigned identity a
// request must name one there, even if there is only one.
func (s *Server) AppService() Environment { return s.environment(s.engine.AppService(s.URL)) }

// ContainerInstances returns the environment in which a client takes this server for a container
// group on Windows. (On Linux container instances have IMDS.) A request names an identity by its
// object id, or else gets the system-assigned one.
func (s *Server) ContainerInstances() Environment {
	return s.environment(s.engine.ContainerInstances(s.URL))
}

// Arc returns the environment in which a client takes this server for the agent of Azure Arc. Every
// token takes two requests: the first is answered with 401 and the name of a file, which is in
// [Options.ArcKeyDir]; the second shows what is in it. Each of the two is a token request of its
// own, which meets a fault and is in the log. Arc makes the directory, and panics if it cannot
// write there. [Server.Close] removes the files.
func (s *Server) Arc() Environment {
	environment, err := s.engine.Arc(s.URL)
	if err != nil {
		panic(fmt.Sprintf("imdstest: %v, or set Options.ArcKeyDir", err))
	}
	return s.environment(environment)
}

// ServiceFabric returns the environment in which a client takes this server for a node of a Service
// Fabric cluster. The endpoint is served over https only; its clients know the certificate by its
// thumbprint. A request cannot name an identity: it gets the system-assigned one, or else the
// first. One that tells the SHA-256 of the token that the platform keeps gets a new token.
func (s *Server) ServiceFabric() Environment {
	return s.environment(s.engine.ServiceFabric(s.secureURL()))
}

// CloudShell returns the environment in which a client takes this server for Cloud Shell. A request
// cannot name an identity there: it gets the system-assigned one, or else the first.
func (s *Server) CloudShell() Environment { return s.environment(s.engine.CloudShell(s.URL)) }

// AzureML returns the environment in which a client takes this server for an Azure Machine Learning
// compute.
func (s *Server) AzureML() Environment { return s.environment(s.engine.AzureML(s.URL)) }

// WorkloadIdentity returns the environment in which a client takes this server for Entra ID, and
// itself for a pod of AKS with workload identity. The endpoint is served over https only, see
// [Server.Client]. No platform caches the tokens, so each request mints one and
// [Options.MintAfter] has no effect. The federated token is valid for a year from the first call on
// and until [Server.RotateFederatedToken]. The pod is the default identity; with the client id of
// an [Application] that trusts it in AZURE_CLIENT_ID it is that one.
//
// A client that asks Microsoft about authorities first must be told not to (azidentity:
// DisableInstanceDiscovery), unless s is its transport: then it asks s.
func (s *Server) WorkloadIdentity() Environment {
	environment, err := s.engine.WorkloadIdentity(s.secureURL())
	mustWrite(err)
	return Environment(environment)
}

// IdentityBinding returns the environment in which a client takes this server for the token proxy
// of AKS identity bindings, and itself for a pod with such a binding. It is that of
// [Server.WorkloadIdentity] with another federated token, and with what leads to the proxy: its
// address, which has a path, the server name that the client must ask for, and a file with the only
// authority that signs for that name; see [Server.TokenProxy]. [Options.ProxyCAData] puts the
// authority into a variable instead.
//
// The proxy takes no other token than that in the file, and Entra itself does not take that one
// (AADSTS700212). Over a connection to another server name the proxy answers 401. A server without
// a socket sees no connection and checks no name.
//
// Microsoft has not published how the proxy itself refuses. Here it does so in the form of the
// Kubernetes API: 401 for a token or a server name, 403 for a client id that is not bound, which
// are all but those of [Options.Identities]. See [NotBound].
func (s *Server) IdentityBinding() Environment {
	environment, err := s.engine.IdentityBinding(s.secureURL())
	mustWrite(err)
	return Environment(environment)
}

// RotateFederatedToken puts new tokens into the files of [Server.WorkloadIdentity] and
// [Server.IdentityBinding], as the kubelet does. The ones before are no longer accepted.
func (s *Server) RotateFederatedToken() { mustWrite(s.engine.RotateFederatedToken()) }

// environment adds what a program needs to act as one of the applications.
func (s *Server) environment(e fakeazure.Environment) Environment {
	if s.engine.HasApplications() {
		e.Federate(s.secureURL())
	}
	return Environment(e)
}

// mustWrite panics with the error of a file: a test cannot go on without it.
func mustWrite(err error) {
	if err != nil {
		panic(fmt.Sprintf("imdstest: %v", err))
	}
}
