package doctor

import (
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/seed-ac726066/aztoken/internal/hosts"
	"github.com/seed-ac726066/aztoken/internal/wire"
)

// diagnosis is the check that fails, and what to do about it.
type diagnosis struct{ check, fix string }

// What to do if the failure itself has no advice.
const (
	fixAbsent = "this machine has no identity endpoint at this address. On an Azure host, assign a managed identity; " +
		"in a container or pod, check that 169.254.169.254 is allowed (network policies, firewall), or on AKS use workload identity; " +
		"on your own machine, use aztoken token --dev, or run aztoken fake"
	fixSilent = "the endpoint accepts connections but does not answer: it is being updated or overloaded " +
		"(IMDS serves 5 requests at once for the whole machine), or a firewall drops its answers. " +
		"Try again in a minute; if that does not help, restart the agent of the host"
	fixClosed = "the connection closes without an answer: another program uses this port, or a firewall cuts the connection. " +
		"Check the address, and the variables that name the host"
	fixDocker = "the answer is not from an identity endpoint but from Docker Desktop or a firewall. This is not an Azure host: " +
		"on your own machine, use aztoken token --dev, or run aztoken fake"
	fixProxy = "something else answers in place of the endpoint: a proxy, a captive portal or a service mesh. " +
		"Exclude 169.254.169.254 (or the address above) from what it intercepts: NO_PROXY for a proxy, " +
		"traffic.sidecar.istio.io/excludeOutboundIPRanges for a sidecar; or correct the variables that name the host. " +
		"A machine of another cloud has no managed identity: use aztoken token --dev"
	fixForwarded = "a proxy in front of the endpoint adds X-Forwarded-For, which the endpoint refuses. " +
		"Send requests to it directly (NO_PROXY, or the exclusions of the sidecar)"
	fixHeader = "something on the way drops the header that proves to the endpoint that a program of this machine asks. " +
		"Bypass proxies and sidecars"
	fixRequest  = "the endpoint refuses the request, for the reason above; check that it is the endpoint of this host, and that its agent is up to date"
	fixIdentity = "assign the identity to this host, or correct its id (client id, object id and resource id differ); a new assignment takes some minutes"
	fixSeveral  = "this host has several identities: name one by --client-id, --object-id or --resource-id"
	fixResource = "correct the resource: it must be exactly the App ID URI of an application in the identity's tenant " +
		"(the scheme, such as https or api, and a slash at the end matter). az ad app list --identifier-uri finds it"
	fixThrottled = "the endpoint is throttling: IMDS allows 20 requests a second and 5 at once per machine. " +
		"Find the program that asks without a cache, and try again in a minute"
	fixUpdating  = "the endpoint is being updated, or has another address. Try again in two minutes; if that does not help, check the address"
	fixOutage    = "Entra ID or the platform is down; nothing is wrong on this machine. Try again later; see status.azure.com"
	fixReply     = "the endpoint answers, but without a usable token. Update the agent of the host, and check that nothing changes the answer on its way"
	fixElsewhere = "the login host cannot be reached: check DNS, network policies and HTTPS_PROXY"
	fixCert      = "the certificate is not trusted: a proxy terminates TLS, or the address is wrong"
	fixLocal     = "no request was sent: correct what the message names"
)

// diagnose returns what the failure of a means.
func diagnose(kind hosts.Kind, a answer) diagnosis {
	f := a.failure
	d := place(kind, a)
	// The host's advice on its own failures is better, unless something else answered: only the
	// advice of an exchange covers that case.
	if f.Advice != "" && (d.check != directCheck || kind.IsExchange()) && d.fix != fixSilent {
		d.fix = f.Advice
	}
	return d
}

func place(kind hosts.Kind, a answer) diagnosis {
	f := a.failure
	switch {
	case !a.sent:
		return diagnosis{requestCheck, fixLocal}
	case f.StatusCode == 0:
		return unanswered(kind, a)
	case isDocker(f):
		return diagnosis{directCheck, fixDocker}
	case strings.Contains(f.Description, "X-Forwarded-For"):
		return diagnosis{directCheck, fixForwarded}
	case isForeign(f, a.header), f.Reason == wire.NoEndpoint:
		return diagnosis{directCheck, fixProxy}
	case f.Reason == wire.IdentityNotFound:
		return diagnosis{identityCheck, fixIdentity}
	case f.Reason == wire.IdentityAmbiguous:
		return diagnosis{identityCheck, fixSeveral}
	}
	if known, ok := hosts.FindEntraError(f.EntraCodes); ok {
		return diagnosis{checkOf(known.Subject), known.Advice}
	}
	if f.Code == "invalid_resource" || f.Code == "AudienceNotSupported" {
		return diagnosis{resourceCheck, fixResource}
	}
	return byStatus(f)
}

// checkOf returns the check that fails by one of Entra's error codes.
func checkOf(s hosts.Subject) string {
	switch s {
	case hosts.AboutResource:
		return resourceCheck
	case hosts.AboutIdentity, hosts.AboutFederation:
		return identityCheck
	case hosts.AboutOutage:
		return tokenCheck
	}
	return requestCheck
}

// unanswered diagnoses a request without an answer.
func unanswered(kind hosts.Kind, a answer) diagnosis {
	f := a.failure
	switch {
	case errors.Is(f.Err, wire.ErrCertificate), errors.As(f.Err, new(*tls.CertificateVerificationError)):
		fix := fixCert
		if f.Advice != "" {
			fix = f.Advice
		}
		return diagnosis{directCheck, fix}
	case f.Unreachable, !a.connected && !kind.IsExchange():
		return diagnosis{reachableCheck, fixAbsent}
	case kind.IsExchange():
		return diagnosis{reachableCheck, fixElsewhere}
	case errors.Is(f.Err, os.ErrDeadlineExceeded), f.Err == nil:
		return diagnosis{reachableCheck, fixSilent}
	case a.header != nil && !errors.Is(f.Err, io.ErrUnexpectedEOF):
		// Something answered that is not an identity endpoint.
		return diagnosis{directCheck, fixProxy}
	}
	return diagnosis{reachableCheck, fixClosed}
}

// isDocker reports whether Docker Desktop may have answered: it says in prose that it cannot reach
// the endpoint.
func isDocker(f *wire.Failure) bool {
	return f.StatusCode == http.StatusForbidden && !f.JSON && f.Description != "" && len(f.EntraCodes) == 0 &&
		f.Reason != wire.IdentityNotFound && f.Reason != wire.IdentityAmbiguous
}

// isForeign reports whether something other than an identity endpoint answered. Identity endpoints
// answer in JSON or with an empty body, except for some that throttle in prose.
func isForeign(f *wire.Failure, header http.Header) bool {
	prose := !f.JSON && f.Description != ""
	page := prose && strings.HasPrefix(f.Description, "<")
	switch {
	case header.Get("Via") != "", header.Get("Proxy-Authenticate") != "", f.StatusCode == http.StatusProxyAuthRequired, page:
		return true
	case f.StatusCode >= 300 && f.StatusCode < 400:
		return true
	case f.StatusCode == http.StatusOK:
		// with advice it is an identity endpoint, but not the host's
		return !f.JSON && f.Advice == ""
	}
	return prose && f.StatusCode != http.StatusTooManyRequests && f.StatusCode < http.StatusInternalServerError
}

func byStatus(f *wire.Failure) diagnosis {
	switch code := f.StatusCode; {
	case code == http.StatusOK:
		return diagnosis{tokenCheck, fixReply}
	case code == http.StatusTooManyRequests:
		return diagnosis{tokenCheck, fixThrottled}
	case code == http.StatusNotFound, code == http.StatusRequestTimeout, code == http.StatusGone:
		return diagnosis{tokenCheck, fixUpdating}
	case code >= http.StatusInternalServerError:
		return diagnosis{tokenCheck, fixOutage}
	case strings.Contains(f.Description, "metadata header"):
		return diagnosis{requestCheck, fixHeader}
	}
	return diagnosis{requestCheck, fixRequest}
}
