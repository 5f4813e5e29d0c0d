package fakeazure

import (
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/seed-ac726066/aztoken/internal/fakeazure/cluster"
	"github.com/seed-ac726066/aztoken/internal/identityapi"
)

// The variables by which a program finds out on which host it is.
const (
	imdsOverride       = "AZURE_POD_IDENTITY_AUTHORITY_HOST"
	identityEndpoint   = "IDENTITY_ENDPOINT"
	identityHeader     = "IDENTITY_HEADER"
	identityThumbprint = "IDENTITY_SERVER_THUMBPRINT"
	identityVersion    = "IDENTITY_API_VERSION"
	imdsEndpoint       = "IMDS_ENDPOINT"
	msiEndpoint        = "MSI_ENDPOINT"
	msiSecret          = "MSI_SECRET"
	defaultClientID    = "DEFAULT_IDENTITY_CLIENT_ID"
	federatedTokenFile = "AZURE_FEDERATED_TOKEN_FILE"
	tenantID           = "AZURE_TENANT_ID"
	clientID           = "AZURE_CLIENT_ID"
	authorityHost      = "AZURE_AUTHORITY_HOST"
	tokenProxy         = "AZURE_KUBERNETES_TOKEN_PROXY"
	tokenProxySNI      = "AZURE_KUBERNETES_SNI_NAME"
	tokenProxyCAFile   = "AZURE_KUBERNETES_CA_FILE"
	tokenProxyCAData   = "AZURE_KUBERNETES_CA_DATA"
)

// Detection returns the names of all the variables by which a program detects a host.
func Detection() []string {
	return []string{
		imdsOverride,
		identityEndpoint, identityHeader, identityThumbprint, identityVersion, imdsEndpoint,
		msiEndpoint, msiSecret, defaultClientID,
		federatedTokenFile, tenantID, clientID, authorityHost,
		tokenProxy, tokenProxySNI, tokenProxyCAFile, tokenProxyCAData,
	}
}

// Environment is what a host sets for the programs on it, by name of the variable. It contains
// secrets, though only those of a fake.
type Environment map[string]string

// Environ returns the environment for a program that is started, for exec.Cmd.Env: that of the
// process without the variables by which a program detects a host, and then these.
func (e Environment) Environ() []string {
	left := slices.DeleteFunc(os.Environ(), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		if _, ok := e[name]; ok {
			return true
		}
		return slices.ContainsFunc(Detection(), func(n string) bool {
			return n == name || runtime.GOOS == "windows" && strings.EqualFold(n, name)
		})
	})
	for _, name := range slices.Sorted(maps.Keys(e)) {
		left = append(left, name+"="+e[name])
	}
	return left
}

// The environments below lead a program to a server that is reached at base, which is an address
// without a path.

// IMDS returns the environment of a virtual machine.
func (s *Server) IMDS(base string) Environment { return Environment{imdsOverride: base} }

// AppService returns the environment of App Service, Functions and Container Apps.
func (s *Server) AppService(base string) Environment {
	endpoint := base + identityapi.AppService{}.Host().Path
	return Environment{
		identityEndpoint: endpoint,
		identityHeader:   s.secrets.appService,
		msiEndpoint:      endpoint,
		msiSecret:        s.secrets.appService,
	}
}

// ContainerInstances returns the environment of a container group on Windows.
func (s *Server) ContainerInstances(base string) Environment {
	return Environment{
		identityEndpoint: base + identityapi.ContainerInstances{}.Host().Path + "?api-version=" + identityapi.ContainerInstancesVersion,
		identityHeader:   s.secrets.containerInstances,
	}
}

// Arc returns the environment of a machine with the agent of Azure Arc. Its error says why no key
// file can be written.
func (s *Server) Arc(base string) (Environment, error) {
	if err := s.arcKeys.Prepare(); err != nil {
		return nil, err
	}
	return Environment{identityEndpoint: base + identityapi.Arc{}.Host().Path, imdsEndpoint: base}, nil
}

// ServiceFabric returns the environment of a node of a Service Fabric cluster. The base is https.
func (s *Server) ServiceFabric(base string) Environment {
	return Environment{
		identityEndpoint:   base + identityapi.ServiceFabric{}.Host().Path,
		identityHeader:     s.secrets.serviceFabric,
		identityThumbprint: s.Certificate().Thumbprint(),
		identityVersion:    "2019-07-01-preview",
	}
}

// CloudShell returns the environment of Cloud Shell.
func (s *Server) CloudShell(base string) Environment {
	return Environment{msiEndpoint: base + identityapi.CloudShell{}.Host().Path}
}

// AzureML returns the environment of an Azure Machine Learning compute.
func (s *Server) AzureML(base string) Environment {
	return Environment{
		msiEndpoint:     base + identityapi.AzureML{}.Host().Path,
		msiSecret:       s.secrets.azureML,
		defaultClientID: s.platform.DefaultIdentity().ClientID,
	}
}

// WorkloadIdentity returns the environment of a pod of AKS with workload identity. The base is
// https. Its error says why the federated token cannot be written.
func (s *Server) WorkloadIdentity(base string) (Environment, error) {
	return s.pod(base, cluster.Entra)
}

// IdentityBinding returns the environment of a pod of AKS with an identity binding. The base is
// https. Its error says why the federated token or the authority of the proxy cannot be written.
func (s *Server) IdentityBinding(base string) (Environment, error) {
	env, err := s.pod(base, cluster.TokenProxy)
	if err != nil {
		return nil, err
	}
	env[tokenProxy] = base + s.binding.Proxy()
	env[tokenProxySNI] = s.binding.ServerName
	if s.proxyCAData {
		env[tokenProxyCAData] = string(s.TokenProxy.CA())
		return env, nil
	}
	env[tokenProxyCAFile], err = s.TokenProxy.CAFile()
	return env, err
}

// pod returns the environment of a pod whose federated token is for an audience.
func (s *Server) pod(base string, a cluster.Audience) (Environment, error) {
	file, err := s.cluster.TokenFile(a)
	if err != nil {
		return nil, err
	}
	return Environment{
		federatedTokenFile: file,
		tenantID:           s.issuer.TenantID(),
		clientID:           s.platform.DefaultIdentity().ClientID,
		authorityHost:      base + "/",
	}, nil
}

// Federate adds to the environment of any host what a program needs there to act as an application:
// where Entra ID is, whose base is https.
func (e Environment) Federate(base string) { e[authorityHost] = base + "/" }

// LeadsToEntra reports whether programs ask Entra ID itself, where the environment says that it is.
func (e Environment) LeadsToEntra() bool { return e[authorityHost] != "" }
