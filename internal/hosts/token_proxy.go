package hosts

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/seed-ac726066/aztoken/internal/wire"
)

// The variables that the workload identity webhook sets on pods with AKS identity bindings, in
// addition to its others.
const (
	tokenProxyURL    = "AZURE_KUBERNETES_TOKEN_PROXY"
	tokenProxyName   = "AZURE_KUBERNETES_SNI_NAME"
	tokenProxyCAFile = "AZURE_KUBERNETES_CA_FILE"
	tokenProxyCAData = "AZURE_KUBERNETES_CA_DATA"
)

// bindingAudience is the audience of a service account's token for AKS identity bindings.
const bindingAudience = "api://AKSIdentityBinding"

// maxCAFile is far above a bundle of all the authorities of an operating system.
const maxCAFile = 1 << 20

// tokenProxy is how the token endpoint of a pod with AKS identity bindings is reached: the
// cluster's API server, under another name, passes the exchange on. No other endpoint accepts the
// token of such a pod.
//
// https://learn.microsoft.com/azure/aks/identity-bindings-concepts
type tokenProxy struct {
	url   *url.URL
	reach wire.Reach
}

// newTokenProxy returns the proxy that the environment names, nil for none.
func newTokenProxy(getenv func(string) string) (*tokenProxy, error) {
	address := getenv(tokenProxyURL)
	name, file, inline := getenv(tokenProxyName), getenv(tokenProxyCAFile), getenv(tokenProxyCAData)
	if address == "" {
		for _, variable := range []string{tokenProxyName, tokenProxyCAFile, tokenProxyCAData} {
			if getenv(variable) != "" {
				return nil, inVariable(tokenProxyURL, "not set, although $"+variable+" is",
					"set all that the workload identity webhook sets, or none of it: they are for AKS identity bindings")
			}
		}
		return nil, nil
	}
	u, problem := httpsBase(address)
	switch {
	case problem != "":
		return nil, inVariable(tokenProxyURL, hidePassword(address)+" "+problem, fixTokenProxy)
	case name != "" && !isServerName(name):
		return nil, inVariable(tokenProxyName, quote(name)+" is not the name of a server", fixTokenProxy)
	case file != "" && inline != "":
		return nil, inVariable(tokenProxyCAFile, "set together with $"+tokenProxyCAData, "set one of them")
	}
	roots, err := tokenProxyRoots(file, inline)
	if err != nil {
		return nil, err
	}
	return &tokenProxy{url: u, reach: wire.Reach{Place: wire.Cluster, Roots: roots, ServerName: name}}, nil
}

const fixTokenProxy = "let the workload identity webhook set it"

// isServerName reports whether name is what a TLS handshake may ask for: a domain name.
func isServerName(name string) bool {
	const allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
	if len(name) > 253 || net.ParseIP(name) != nil {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, allowed) != "" {
			return false
		}
	}
	return true
}

// tokenProxyRoots returns the authorities of the proxy, nil for the system's.
func tokenProxyRoots(file, inline string) (*wire.Roots, error) {
	variable, what, read := tokenProxyCAData, "", func() ([]byte, error) { return []byte(inline), nil }
	switch {
	case file == "" && inline == "":
		return nil, nil
	case file != "":
		variable, what = tokenProxyCAFile, quote(file)+": "
		read = func() ([]byte, error) {
			content, err := readFile(os.OpenFile, file, maxCAFile)
			return content, withoutPath(err)
		}
	}
	roots, err := wire.NewRoots(read)
	if err != nil {
		return nil, &ConfigError{
			Field: "$" + variable, Err: fmt.Errorf("%s%w", what, err),
			Fix: "let the workload identity webhook set it, and Kubernetes mount it before the program starts",
		}
	}
	return roots, nil
}

// explain adds to a failure of an exchange by the proxy what it means there. sent is the token of
// the service account. The proxy's own refusals are not documented; those of an API server are a
// 401 or a 403.
func (p *tokenProxy) explain(f *wire.Failure, sent presented) {
	switch {
	case isCertificateError(f):
		f.Advice = "check that $" + tokenProxyCAFile + " or $" + tokenProxyCAData + " has the authority of the cluster's API server, and that $" +
			tokenProxyName + " is a name in its certificate"
	case isMismatch(f):
		f.Advice = "bind the identity to this cluster (az aks identity-binding create), allow the service account to use it " +
			"(the verb use-managed-identity on its client id), and let the webhook mount a token for the audience " + bindingAudience +
			"; a federated credential has no effect here; " + sent.String()
	case len(f.EntraCodes) == 0 && f.JSON && (f.StatusCode == http.StatusUnauthorized || f.StatusCode == http.StatusForbidden):
		if f.StatusCode == http.StatusForbidden {
			f.Reason = wire.IdentityNotFound
		}
		f.Advice = "the cluster refuses: check that the identity is bound to it (az aks identity-binding create), that the service " +
			"account has the verb use-managed-identity on its client id, and that $" + tokenProxyName +
			" is what the webhook sets, as the API server itself answers by any other name; " + sent.String()
	case f.StatusCode == 0 && f.Advice == "" && f.Description == "":
		f.Advice = "check the way to $" + tokenProxyURL + ": DNS of the cluster, network policies, and the name in $" + tokenProxyName
	case len(f.EntraCodes) == 0 && f.StatusCode == http.StatusNotFound, isNotEntra(f):
		f.Advice = "check $" + tokenProxyURL + " and $" + tokenProxyName + ": the answer is not from the token endpoint"
	}
}
