package hosts

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/seed-ac726066/aztoken/internal/wire"
)

const (
	publicAuthority = "https://login.microsoftonline.com/"
	// assertionType is that of RFC 7523, section 2.2.
	assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	// maxAssertion is far above a service account's token, which is 1 to 2 KiB.
	maxAssertion = 64 << 10
)

// workloadIdentity is a pod of AKS, or of any cluster that Entra trusts. It exchanges the token of
// its service account for one of Entra, over the internet: a proxy of the environment is used.
//
// https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow#third-case-access-token-request-with-a-federated-credential
type workloadIdentity struct {
	wire   *wire.Client
	url    *url.URL
	tenant string // of the identity: a GUID, or a domain
	client string // the client id of the identity
	file   string // holds the token of the service account
}

func newWorkloadIdentity(cfg Config) (Host, error) {
	if cfg.ID.Kind != Default && cfg.ID.Kind != ClientID {
		return Host{}, clientIDOnly("; for an identity of the node set the endpoint to " + imdsAddress)
	}
	id := cfg.ID
	if id.Kind == Default {
		id = ID{ClientID, cfg.Getenv(clientID)}
		if id.Value == "" {
			return Host{}, inVariable(clientID, "not set",
				"annotate the pod's service account with azure.workload.identity/client-id, or name the identity by its client id")
		}
		if err := id.checkForm("$" + clientID); err != nil {
			return Host{}, err
		}
	}
	tenant, file := cfg.Getenv(tenantID), cfg.Getenv(federatedTokenFile)
	switch {
	case tenant == "":
		return Host{}, inVariable(tenantID, "not set", `label the pod azure.workload.identity/use: "true", so that the workload identity webhook sets it`)
	case !isTenant(tenant):
		return Host{}, inVariable(tenantID, quote(tenant)+" is not a tenant, which is a GUID or a domain", "let the workload identity webhook set it")
	case strings.TrimSpace(file) != file:
		return Host{}, inVariable(federatedTokenFile, quote(file)+" begins or ends with a space or a line feed", "remove it")
	}
	authority, err := url.Parse(cmp.Or(cfg.Getenv(authorityHost), publicAuthority))
	if err != nil || authority.Scheme != "https" || authority.Host == "" || authority.User != nil || authority.RawQuery != "" || authority.Fragment != "" {
		return Host{}, inVariable(authorityHost, "not the https:// URL of a login host",
			"let the workload identity webhook set it, or unset it for the public cloud")
	}
	w, err := cfg.client(wire.Reach{Place: wire.Internet})
	if err != nil {
		return Host{}, err
	}
	u := authority.JoinPath(tenant, "oauth2/v2.0/token")
	return Host{
		Endpoint: u.String(),
		Source:   &workloadIdentity{wire: w, url: u, tenant: tenant, client: id.Value, file: file},
	}, nil
}

// Token implements [Source].
func (s *workloadIdentity) Token(ctx context.Context, r Request) (token azcore.AccessToken, err error) {
	ctx, end := s.wire.StartSpan(ctx, "aztoken.WorkloadIdentity")
	defer func() { end(err) }()
	token, err = s.exchange(ctx, r)
	return finish(r, token, err, s.explain)
}

func (s *workloadIdentity) exchange(ctx context.Context, r Request) (azcore.AccessToken, error) {
	if isOther(r.Tenant, s.tenant) {
		return azcore.AccessToken{}, otherTenant(r.Tenant, s.tenant)
	}
	assertion, err := readAssertion(s.file)
	if err != nil {
		return azcore.AccessToken{}, err
	}
	form := url.Values{
		"client_id":             {s.client},
		"scope":                 {Scope(r.Resource)},
		"grant_type":            {"client_credentials"},
		"client_assertion_type": {assertionType},
		"client_assertion":      {assertion},
	}
	if r.Claims != "" {
		form.Set("claims", r.Claims)
	}
	req, err := newPost(ctx, s.url, form)
	if err != nil {
		return azcore.AccessToken{}, err
	}
	return s.wire.Token(req)
}

// Close implements [Source].
func (s *workloadIdentity) Close() { s.wire.Close() }

// isTenant reports whether s is a tenant's GUID or domain: it becomes a part of a path.
func isTenant(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") == "" && strings.Trim(s, ".") != ""
}

// readAssertion reads the token of the service account. The kubelet replaces it within the hour, so
// it is read for each exchange. It may be missing or empty for a moment while the volume is mounted
// or written.
func readAssertion(file string) (string, error) {
	assertion, err := readWord(os.OpenFile, file, maxAssertion)
	if err != nil {
		return "", &wire.Failure{
			Err:    fmt.Errorf("%s: %w", describe(file), withoutPath(err)),
			Retry:  errors.Is(err, fs.ErrNotExist) || errors.Is(err, errNotWord),
			Advice: "check $AZURE_FEDERATED_TOKEN_FILE and the volume that the workload identity webhook mounts",
		}
	}
	return assertion, nil
}

// describe names the federated token file, with its age: an old one is not being renewed by the
// kubelet.
func describe(file string) string {
	info, err := os.Stat(file)
	if err != nil {
		return "the federated token file " + file
	}
	return fmt.Sprintf("the federated token file %s, written %s ago", file, max(0, time.Since(info.ModTime())).Round(time.Second))
}

// notFound are Entra's codes for an identity that does not exist, or has no federated credential
// that matches the assertion's issuer, audience and subject, or does not have it yet.
var notFound = []int{700011, 700016, 70021, 700211, 700212, 700213, 7002131, 7002138}

// ended is Entra's code for an assertion that has expired.
const ended = 700024

// explain explains the failures of Entra's token endpoint, which lists its codes.
//
// https://learn.microsoft.com/entra/identity-platform/reference-error-codes
func (s *workloadIdentity) explain(f *wire.Failure) {
	if slices.ContainsFunc(f.EntraCodes, func(code int) bool { return slices.Contains(notFound, code) }) {
		f.Reason = wire.IdentityNotFound
	}
	if slices.Contains(f.EntraCodes, ended) {
		f.Retry = true // the kubelet is about to write a new one
		f.Err = errors.New(describe(s.file))
	}
	advice := entraAdvice(f)
	switch {
	case errors.As(f.Err, new(*tls.CertificateVerificationError)):
		f.Advice = "if a proxy terminates TLS on the way, add its certificate to the roots of the container (SSL_CERT_FILE)"
	case advice != "":
		f.Advice = advice
	case f.StatusCode == 0 && f.Advice == "" && f.Description == "": // no connection came about
		f.Advice = "check the way to $AZURE_AUTHORITY_HOST: DNS, network policies, HTTPS_PROXY, and the roots that this container trusts"
	case f.StatusCode >= http.StatusOK && f.StatusCode < http.StatusInternalServerError && !f.JSON:
		f.Advice = "check $AZURE_AUTHORITY_HOST and the proxy (HTTPS_PROXY): the answer is not from Entra ID"
	}
}
