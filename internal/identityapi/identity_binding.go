package identityapi

import (
	"context"
	"fmt"
	"net/http"
	"strings"
)

// IdentityBinding is the token proxy of AKS identity bindings: Entra's token endpoint and documents
// behind the API server of the cluster, under their own path and server name.
//
//	POST /identity-binding/{tenant}/oauth2/v2.0/token
//
// A request must be as for [WorkloadIdentity], except that the assertion is for the audience
// api://AKSIdentityBinding. The name in the TLS handshake must be ServerName, in any case. The
// header Host does not matter, because each SDK sends a different one.
//
// Successes and Entra's refusals are Entra's own. The proxy's own refusals are not documented; here
// they are those of the API server, with a Status of Kubernetes: 401 for another server name and
// for a token that the [Source] refuses without a number of Entra's, 403 for a client id that is
// not bound.
type IdentityBinding struct {
	ServerName string
	// ServiceAccount is its name in a refusal of Kubernetes: system:serviceaccount:NAMESPACE:NAME.
	ServiceAccount string
}

// bindingPath is the path of the proxy's address. A real one may have another, or none.
const bindingPath = "/identity-binding"

// Proxy returns the path of the proxy's address, below which Entra's paths are.
func (e IdentityBinding) Proxy() string { return bindingPath }

// Host returns the path of the token endpoint.
func (e IdentityBinding) Host() Host {
	return Host{Name: "identity binding", Path: bindingPath + WorkloadIdentity{}.Host().Path, HTTPS: true}
}

// Behind returns the call that the proxy makes to Entra for a call, and whether c is one for the
// proxy.
func (e IdentityBinding) Behind(c Call) (behind Call, ok bool) {
	path, ok := strings.CutPrefix(c.Path, bindingPath+"/")
	if !ok || !c.Secure() {
		return c, false
	}
	c.Path = "/" + path
	return c, true
}

// Admit returns the refusal of a call that came over a connection to another server, or nil. A call
// without a connection, which is one inside a process, is admitted.
func (e IdentityBinding) Admit(c Call) *Reply {
	if c.TLS == nil || e.named(c) {
		return nil
	}
	refusal := e.Status(http.StatusUnauthorized)
	return &refusal
}

// Astray reports whether a call came over a connection to the proxy but is for none of its paths.
func (e IdentityBinding) Astray(c Call) bool {
	_, ok := e.Behind(c)
	return !ok && e.named(c)
}

// named reports whether a call came over a connection to the proxy.
func (e IdentityBinding) named(c Call) bool {
	return c.TLS != nil && strings.EqualFold(c.TLS.ServerName, e.ServerName)
}

// Answer returns the proxy's answer to a token request.
func (e IdentityBinding) Answer(ctx context.Context, c Call, s Source) Reply {
	if refusal := e.Admit(c); refusal != nil {
		return *refusal
	}
	behind, _ := e.Behind(c)
	return WorkloadIdentity{}.answer(ctx, behind, e, s)
}

func (e IdentityBinding) refuse(r Request, f Failure) Reply {
	switch {
	case f.Reason == Refused && f.Number == 0 && f.Status == http.StatusUnauthorized:
		return e.Status(http.StatusUnauthorized)
	case f.Reason == IdentityNotFound:
		return e.notBound(r.ID.Value + "." + bindingGroup)
	default:
		return WorkloadIdentity{}.refuse(r, f)
	}
}

func (e IdentityBinding) succeed(r Request, t Token) Reply { return WorkloadIdentity{}.succeed(r, t) }

// Status returns a Status of Kubernetes for 401 and 403, and otherwise what Entra sends.
func (e IdentityBinding) Status(code int) Reply {
	switch code {
	case http.StatusUnauthorized:
		return kubernetesStatus(code, "Unauthorized", "Unauthorized")
	case http.StatusForbidden:
		return e.notBound(bindingGroup)
	default:
		return WorkloadIdentity{}.Status(code)
	}
}

// bindingGroup is the API group whose resources are client ids, in the roles of Kubernetes.
const bindingGroup = "cid.wi.aks.azure.com"

// notBound is the error of an API server if no role gives a service account the verb
// use-managed-identity on a resource.
func (e IdentityBinding) notBound(resource string) Reply {
	return kubernetesStatus(http.StatusForbidden, "Forbidden",
		fmt.Sprintf("%s is forbidden: User %q cannot use-managed-identity at the cluster scope", resource, e.ServiceAccount))
}

// kubernetesStatus returns a failure in the form of the Kubernetes API.
//
// https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/
func kubernetesStatus(code int, reason, message string) Reply {
	return JSON(code, struct {
		Kind       string   `json:"kind"`
		APIVersion string   `json:"apiVersion"`
		Metadata   struct{} `json:"metadata"`
		Status     string   `json:"status"`
		Message    string   `json:"message"`
		Reason     string   `json:"reason"`
		Code       int      `json:"code"`
	}{Kind: "Status", APIVersion: "v1", Status: "Failure", Message: message, Reason: reason, Code: code})
}
