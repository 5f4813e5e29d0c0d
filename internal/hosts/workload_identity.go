package hosts

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/seed-ac726066/aztoken/internal/wire"
)

// workloadIdentity is a pod of AKS, or of any cluster that Entra trusts. It exchanges the token of
// its service account for one of Entra: over the internet, or by the proxy of AKS identity
// bindings.
//
// https://learn.microsoft.com/entra/workload-id/workload-identity-federation
type workloadIdentity struct {
	exchange
	file  assertionFile
	proxy *tokenProxy // nil: none
}

func newWorkloadIdentity(cfg *Config) (endpoint string, source Source, err error) {
	if cfg.ID.Kind != Default && cfg.ID.Kind != ClientID {
		return "", nil, clientIDOnly("; for an identity of the node set the endpoint to " + imdsAddress)
	}
	id := cfg.ID
	if id.Kind == Default {
		id = ID{ClientID, cfg.Getenv(clientID)}
		if id.Value == "" {
			return "", nil, inVariable(clientID, "not set",
				"annotate the pod's service account with azure.workload.identity/client-id, or name the identity by its client id")
		}
		if err := id.checkForm("$" + clientID); err != nil {
			return "", nil, err
		}
	}
	tenant, file := cfg.Getenv(tenantID), cfg.Getenv(federatedTokenFile)
	switch {
	case tenant == "":
		return "", nil, inVariable(tenantID, "not set", `label the pod azure.workload.identity/use: "true", so that the workload identity webhook sets it`)
	case !IsTenant(tenant):
		return "", nil, inVariable(tenantID, notTenant(tenant), "let the workload identity webhook set it")
	case strings.TrimSpace(file) != file, strings.ContainsFunc(file, unicode.IsControl):
		return "", nil, inVariable(federatedTokenFile, quote(file)+" begins or ends with a space, or has a line feed or another control character", "remove it")
	}
	proxy, err := newTokenProxy(cfg.Getenv)
	if err != nil {
		return "", nil, err
	}
	s := &workloadIdentity{exchange: exchange{tenant: tenant, client: id.Value}, file: assertionFile(file), proxy: proxy}
	reach := wire.Reach{Place: wire.Internet}
	if proxy != nil {
		s.base, reach = proxy.url, proxy.reach
	} else if s.base, err = authorityOf(cfg.Getenv); err != nil {
		return "", nil, err
	}
	if s.wire, err = cfg.client(reach); err != nil {
		return "", nil, err
	}
	return s.url(tenant), s, nil
}

// Token implements [Source].
func (s *workloadIdentity) Token(ctx context.Context, r Request) (token azcore.AccessToken, err error) {
	ctx, end := s.wire.StartSpan(ctx, "aztoken.WorkloadIdentity")
	defer func() { end(err) }()
	if s.proxy != nil && isOther(r.Tenant, s.tenant) {
		// Only managed identities can be bound to a cluster.
		return azcore.AccessToken{}, otherTenant(r.Tenant, s.tenant)
	}
	assertion, err := s.file.read()
	if err != nil {
		return azcore.AccessToken{}, err
	}
	token, err = s.token(ctx, r, assertion)
	return finish(r.Tenant, token, err, func(f *wire.Failure) { s.explain(f, r.Tenant, readPresented(assertion)) })
}

// Close implements [Source].
func (s *workloadIdentity) Close() { s.wire.Close() }

// explain explains the failures of Entra's token endpoint, which lists its codes.
//
// https://learn.microsoft.com/entra/identity-platform/reference-error-codes
func (s *workloadIdentity) explain(f *wire.Failure, tenant string, sent presented) {
	s.explainEntra(f, tenant)
	if hasCode(f, func(code int) bool { return code == ended }) {
		f.Retry = true // the kubelet is about to write a new one
		f.Err = errors.New(s.file.describe())
	}
	switch {
	case s.proxy != nil:
		s.proxy.explain(f, sent)
	case isMismatch(f) && sent.audience == bindingAudience:
		f.Advice = "the pod is set up for AKS identity bindings, but $" + tokenProxyURL + " is not set: let the workload identity webhook " +
			"set it (version 1.6 or later), and pass it on to this program; " + sent.String()
	case isAboutCredential(f):
		f.Advice = federationAdvice(f) + "; " + sent.String()
	case isCertificateError(f):
		f.Advice = "if a proxy terminates TLS on the way, add its certificate to the roots of the container (SSL_CERT_FILE)"
	case f.StatusCode == 0 && f.Advice == "" && f.Description == "": // there was no connection
		f.Advice = "check the way to $AZURE_AUTHORITY_HOST: DNS, network policies, HTTPS_PROXY, and the roots that this container trusts"
	case isNotEntra(f):
		f.Advice = "check $AZURE_AUTHORITY_HOST and the proxy (HTTPS_PROXY): the answer is not from Entra ID"
	}
}

// missing are Entra's codes for an application that the tenant does not have, or not yet.
var missing = []int{700011, 700016, 7000229}

// explainEntra adds to a failure of the token endpoint what it means for any client. tenant is the
// one that was asked for, "" for the application's own.
func (x *exchange) explainEntra(f *wire.Failure, tenant string) {
	isMissing := hasCode(f, func(code int) bool { return isOf(missing, code) })
	if isMissing || isMismatch(f) {
		f.Reason = wire.IdentityNotFound
	}
	// Here the application's secret or certificate is an assertion.
	if advice := entraAdvice(f); advice == fixCredential {
		f.Advice = "check that the assertion is a complete and current token of the issuer that the federated credential names"
	} else if advice != "" {
		f.Advice = advice
	}
	if isMissing && tenant != "" && !strings.EqualFold(tenant, x.tenant) {
		f.Advice = fmt.Sprintf("leave the tenant out, for tokens of %s; an application has tokens of tenant %s only if it is multi-tenant and "+
			"an administrator there has consented to it (az ad sp create --id %s); a managed identity has none", x.tenant, tenant, x.client)
	}
}

func isCertificateError(f *wire.Failure) bool {
	return errors.As(f.Err, new(*tls.CertificateVerificationError))
}

// isNotEntra reports whether something else answered in Entra's place.
func isNotEntra(f *wire.Failure) bool {
	return f.StatusCode >= http.StatusOK && f.StatusCode < http.StatusInternalServerError && !f.JSON
}
