package fake

import (
	"fmt"
	"os"

	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/internal/guard"
)

// A Host is one of the places that a fake plays. It plays all of them at once; a program finds out by its environment where
// it is.
type Host string

// The hosts.
const (
	IMDS             Host = "imds"
	AppService       Host = "app-service"
	Arc              Host = "arc"
	ServiceFabric    Host = "service-fabric"
	CloudShell       Host = "cloud-shell"
	AzureML          Host = "azure-ml"
	WorkloadIdentity Host = "workload-identity"
)

// Hosts are all of them.
func Hosts() []Host {
	return []Host{IMDS, AppService, Arc, ServiceFabric, CloudShell, AzureML, WorkloadIdentity}
}

// Title names the host to people.
func (h Host) Title() string {
	switch h {
	case IMDS:
		return "virtual machines, scale sets, AKS nodes, container instances"
	case AppService:
		return "App Service, Functions, Container Apps"
	case Arc:
		return "Azure Arc"
	case ServiceFabric:
		return "Service Fabric"
	case CloudShell:
		return "Cloud Shell"
	case AzureML:
		return "Azure Machine Learning"
	case WorkloadIdentity:
		return "AKS with workload identity"
	}
	return string(h)
}

// Secure says that the host is there over https only.
func (h Host) Secure() bool { return h == ServiceFabric || h == WorkloadIdentity }

// Environment is that of a program on h. Its error says what h misses.
func (f *Fake) Environment(h Host) (env imdstest.Environment, err error) {
	if h.Secure() && f.SecureURL == "" {
		return nil, fmt.Errorf("aztoken: %s is there over https only; give --listen-tls", h)
	}
	environments := map[Host]func() imdstest.Environment{
		IMDS: f.Machine.IMDS, AppService: f.Machine.AppService, Arc: f.Machine.Arc, ServiceFabric: f.Machine.ServiceFabric,
		CloudShell: f.Machine.CloudShell, AzureML: f.Machine.AzureML, WorkloadIdentity: f.Machine.WorkloadIdentity,
	}
	// A test may panic where it cannot write a file, a command may not.
	err = guard.Run(func() {
		env = environments[h]()
		if h.Secure() {
			env["NODE_EXTRA_CA_CERTS"] = f.Machine.CertificateFile()
		}
	})
	if err != nil {
		return nil, fmt.Errorf("aztoken: %w (--arc-key-dir; other files go to %s, or where TMPDIR says)", err, os.TempDir())
	}
	if h == WorkloadIdentity {
		env["SSL_CERT_FILE"] = env["NODE_EXTRA_CA_CERTS"] // Service Fabric's clients know the certificate by its thumbprint
	}
	return env, nil
}
