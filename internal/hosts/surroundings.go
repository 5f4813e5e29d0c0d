package hosts

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seed-ac726066/aztoken/internal/wire"
)

// surroundings are what the configuration shows of a host, for the advice on its failures.
type surroundings struct {
	named bool // something names the endpoint
	// unread are variables that name an identity although none was requested, and that this host
	// does not read.
	unread    []string
	objectIDs bool   // the host takes no other ids, so the value of such a variable is of no use
	half      string // what is wrong with variables of which a host needs two, "" for nothing
	pod       bool   // of Kubernetes
}

// identityVariables name an identity for one tool or another. Which of them are read differs from
// host to host, and a variable that is set but not read has cost people days.
var identityVariables = []string{
	clientID, "AZURE_MANAGED_IDENTITY_CLIENT_ID", "MANAGED_IDENTITY_CLIENT_ID", "MSI_CLIENT_ID", "ARM_CLIENT_ID",
	"AZCOPY_MSI_CLIENT_ID", "AZURE_STORAGE_IDENTITY_CLIENT_ID", defaultClientID,
}

// newSurroundings reads the environment. read are the identity variables that the host reads.
func newSurroundings(cfg *Config, named bool, read ...string) surroundings {
	isSet := func(name string) bool { return cfg.Getenv(name) != "" }
	at := surroundings{named: named, pod: isSet("KUBERNETES_SERVICE_HOST")}
	for _, name := range identityVariables {
		if cfg.ID.Kind == Default && isSet(name) && !slices.Contains(read, name) {
			at.unread = append(at.unread, name)
		}
	}
	for _, half := range []struct {
		set   string
		other []string // any of them completes it
	}{
		{identityEndpoint, []string{identityHeader, imdsEndpoint}},
		{identityHeader, []string{identityEndpoint}},
		{imdsEndpoint, []string{identityEndpoint}},
		{msiSecret, []string{msiEndpoint}},
		{tokenProxyURL, []string{federatedTokenFile}},
	} {
		if at.half == "" && isSet(half.set) && !slices.ContainsFunc(half.other, isSet) {
			at.half = fmt.Sprintf("$%s is set without $%s: pass both on to this program, which sudo and remote shells do not do",
				half.set, strings.Join(half.other, " or $"))
		}
	}
	return at
}

// explain adds to a failure what it means on any host: the reason, and the advice on Entra's
// numbers and on an identity. It runs after the host's own explanation.
func (at surroundings) explain(f *wire.Failure) {
	if f.Reason == wire.Unknown {
		f.Reason = reasonOf(f)
	}
	if advice := entraAdvice(f); advice != "" {
		f.Advice = advice
	}
	isOfIdentity := f.Reason == wire.IdentityNotFound || f.Reason == wire.IdentityAmbiguous
	if isOfIdentity && len(at.unread) > 0 {
		use := "pass its value as the client id"
		if at.objectIDs {
			use = "pass the object id of that identity"
		}
		f.Advice = fmt.Sprintf("$%s is set, but is not read on this host: %s", at.unread[0], use) + alternative(f.Advice)
	}
}

func alternative(advice string) string {
	if advice == "" {
		return ""
	}
	return "; or " + advice
}

// absent returns what to do if there is no endpoint at the default address, "" for nothing in
// particular.
func (at surroundings) absent() string {
	switch {
	case at.half != "":
		return at.half
	case at.pod:
		return `in a pod: label it azure.workload.identity/use: "true" and annotate its service account with ` +
			`azure.workload.identity/client-id, so that the workload identity webhook sets it up (docs/aks.md); ` +
			`for an identity of the node, allow 169.254.169.254 in network policies`
	}
	return ""
}
