package fake

import (
	"errors"
	"fmt"
	"os"

	"github.com/seed-ac726066/aztoken/internal/fakeazure"
)

// Host is a kind of host. A fake plays all of them at once; a program detects its host by the
// environment.
type Host string

// The hosts.
const (
	IMDS               Host = "imds"
	AppService         Host = "app-service"
	Arc                Host = "arc"
	ContainerInstances Host = "container-instances" // on Windows; on Linux they have IMDS
	ServiceFabric      Host = "service-fabric"
	CloudShell         Host = "cloud-shell"
	AzureML            Host = "azure-ml"
	WorkloadIdentity   Host = "workload-identity"
	IdentityBinding    Host = "identity-binding"
)

// Hosts returns all of them.
func Hosts() []Host {
	return []Host{
		IMDS, AppService, Arc, ContainerInstances, ServiceFabric, CloudShell, AzureML, WorkloadIdentity, IdentityBinding,
	}
}

// Title returns the name of the host for people.
func (h Host) Title() string {
	switch h {
	case IMDS:
		return "virtual machines, scale sets, AKS nodes, container instances"
	case AppService:
		return "App Service, Functions, Container Apps"
	case ContainerInstances:
		return "container instances on Windows"
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
	case IdentityBinding:
		return "AKS with identity bindings"
	}
	return string(h)
}

// Secure reports whether the host requires https.
func (h Host) Secure() bool {
	return h == ServiceFabric || h == WorkloadIdentity || h == IdentityBinding
}

// Environment returns the environment of a program on h. Its error names what h needs, or what an
// application does.
func (f *Fake) Environment(h Host) (fakeazure.Environment, error) {
	federated := f.Machine.HasApplications()
	switch {
	case f.SecureURL != "":
	case h.Secure():
		return nil, fmt.Errorf("aztoken: %s requires https; add --listen-tls 127.0.0.1:16927", h)
	case federated:
		return nil, errors.New("aztoken: an application requires https, as Entra ID does; add --listen-tls 127.0.0.1:16927")
	}
	env, err := f.environment(h)
	if err == nil && federated {
		env.Federate(f.SecureURL)
	}
	if err == nil && (h.Secure() || federated) {
		err = f.trust(env)
	}
	if err != nil {
		return nil, fmt.Errorf("aztoken: %w (--arc-key-dir; other files go to %s, or to $TMPDIR)", err, os.TempDir())
	}
	return env, nil
}

func (f *Fake) environment(h Host) (fakeazure.Environment, error) {
	switch h {
	case AppService:
		return f.Machine.AppService(f.URL), nil
	case ContainerInstances:
		return f.Machine.ContainerInstances(f.URL), nil
	case Arc:
		return f.Machine.Arc(f.URL)
	case ServiceFabric:
		return f.Machine.ServiceFabric(f.SecureURL), nil
	case CloudShell:
		return f.Machine.CloudShell(f.URL), nil
	case AzureML:
		return f.Machine.AzureML(f.URL), nil
	case WorkloadIdentity:
		return f.Machine.WorkloadIdentity(f.SecureURL)
	case IdentityBinding:
		return f.Machine.IdentityBinding(f.SecureURL)
	default:
		return f.Machine.IMDS(f.URL), nil
	}
}

// trust adds the variables by which a program trusts the certificate of Entra ID. Service Fabric's
// clients for Go know theirs by its thumbprint alone.
func (f *Fake) trust(env fakeazure.Environment) error {
	file, err := f.Machine.CertificateFile()
	if err != nil {
		return err
	}
	env["NODE_EXTRA_CA_CERTS"] = file
	if env.LeadsToEntra() {
		env["SSL_CERT_FILE"] = file
	}
	return nil
}
