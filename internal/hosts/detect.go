package hosts

import (
	"slices"
	"strings"
)

// Kind is a kind of host, by its name for people.
type Kind string

// The kinds of hosts that have managed identities.
const (
	// IMDS serves virtual machines, scale sets, AKS nodes and container instances on Linux.
	IMDS               Kind = "IMDS"
	AppService         Kind = "App Service"                    // Functions and Container Apps too
	ContainerInstances Kind = "Container Instances on Windows" // on Linux they have IMDS
	AzureArc           Kind = "Azure Arc"
	ServiceFabric      Kind = "Service Fabric"
	CloudShell         Kind = "Cloud Shell"
	AzureML            Kind = "Azure ML"
	WorkloadIdentity   Kind = "workload identity" // pods of AKS and of other Kubernetes clusters
	// IdentityBinding is for pods of AKS whose token only the cluster's proxy accepts.
	IdentityBinding Kind = "identity binding"
	AppRegistration Kind = "app registration" // its secret is an assertion
)

// The variables by which hosts make themselves known.
const (
	federatedTokenFile = "AZURE_FEDERATED_TOKEN_FILE"
	tenantID           = "AZURE_TENANT_ID"
	clientID           = "AZURE_CLIENT_ID"
	authorityHost      = "AZURE_AUTHORITY_HOST"
	identityEndpoint   = "IDENTITY_ENDPOINT"
	identityHeader     = "IDENTITY_HEADER"
	identityThumbprint = "IDENTITY_SERVER_THUMBPRINT"
	imdsEndpoint       = "IMDS_ENDPOINT"
	msiEndpoint        = "MSI_ENDPOINT"
	msiSecret          = "MSI_SECRET"
	defaultClientID    = "DEFAULT_IDENTITY_CLIENT_ID"
	// imdsOverride is what Azure's SDKs for other languages read to find another IMDS, such as AKS
	// pod identity's.
	imdsOverride = "AZURE_POD_IDENTITY_AUTHORITY_HOST"
)

// IsExchange reports whether the endpoint is a tenant's token endpoint, which exchanges one token
// for another.
func (k Kind) IsExchange() bool {
	return k == WorkloadIdentity || k == IdentityBinding || k == AppRegistration
}

// IsOnInternet reports whether the endpoint is one of Entra ID itself.
func (k Kind) IsOnInternet() bool { return k == WorkloadIdentity || k == AppRegistration }

// detect returns which host this is, why, and whether something names its endpoint. The first that
// matches wins: App Service, for example, sets the variables of Azure ML too.
func detect(endpoint string, getenv func(string) string, arcAgent func() (path string, ok bool)) (kind Kind, why string, named bool) {
	if endpoint != "" {
		return IMDS, "as configured", true
	}
	ofIdentity, mark := identityEndpointKind(getenv(identityEndpoint))
	for _, host := range []struct {
		kind Kind
		sets []string
		mark string // tells it from another host that sets the same; "" for none
	}{
		{IdentityBinding, []string{federatedTokenFile, tokenProxyURL}, ""},
		{WorkloadIdentity, []string{federatedTokenFile}, ""},
		{ServiceFabric, []string{identityEndpoint, identityHeader, identityThumbprint}, ""},
		{ofIdentity, []string{identityEndpoint, identityHeader}, mark},
		{AzureML, []string{msiEndpoint, msiSecret}, ""},
		{msiEndpointKind(getenv(msiEndpoint)), []string{msiEndpoint}, ""},
		{AzureArc, []string{identityEndpoint, imdsEndpoint}, ""},
	} {
		if !slices.ContainsFunc(host.sets, func(name string) bool { return getenv(name) == "" }) {
			return host.kind, "$" + strings.Join(host.sets, ", $") + host.mark, true
		}
	}
	if path, ok := arcAgent(); ok {
		return AzureArc, path + " exists", false
	}
	if getenv(imdsOverride) != "" {
		return IMDS, "$" + imdsOverride, true
	}
	return IMDS, "the environment names no other host", false
}

// msiEndpointKind returns what $MSI_ENDPOINT alone names.
func msiEndpointKind(address string) Kind {
	if isIMDSAddress(address) {
		return IMDS
	}
	return CloudShell
}
