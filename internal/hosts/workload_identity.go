package hosts

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"

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

var (
	errWorkloadID = errors.New("Options.ID: workload identity takes client ids only; set ID to the ClientID of the identity, or Options.Endpoint to http://169.254.169.254 to use an identity of the node")
	errNoClientID = errors.New("$AZURE_CLIENT_ID is not set; annotate the pod's service account with azure.workload.identity/client-id, or set Options.ID to a ClientID")
	errNoTenantID = errors.New("$AZURE_TENANT_ID is not set, or no tenant; label the pod azure.workload.identity/use: \"true\", so that the workload identity webhook sets it")
	errAuthority  = errors.New("$AZURE_AUTHORITY_HOST is no https:// URL of a login host; leave it to the workload identity webhook, or unset it for the public cloud")
)

// workloadIdentity is a pod of AKS, or of any cluster that Entra trusts. It exchanges the token of its service account for
// one of Entra, over the internet: a proxy of the environment is used.
//
// https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow#third-case-access-token-request-with-a-federated-credential
type workloadIdentity struct {
	wire   *wire.Client
	url    *url.URL
	client string // the client id of the identity
	file   string // holds the token of the service account
}

func newWorkloadIdentity(cfg Config) (Host, error) {
	if cfg.ID.Kind != Default && cfg.ID.Kind != ClientID {
		return Host{}, errWorkloadID
	}
	client := cmp.Or(cfg.ID.Value, cfg.Getenv(clientID))
	if client == "" {
		return Host{}, errNoClientID
	}
	tenant := cfg.Getenv(tenantID)
	if !isTenant(tenant) {
		return Host{}, errNoTenantID
	}
	authority, err := url.Parse(cmp.Or(cfg.Getenv(authorityHost), publicAuthority))
	if err != nil || authority.Scheme != "https" || authority.Host == "" || authority.User != nil || authority.RawQuery != "" || authority.Fragment != "" {
		return Host{}, errAuthority
	}
	w, err := cfg.client(wire.Reach{Internet: true})
	if err != nil {
		return Host{}, err
	}
	u := authority.JoinPath(tenant, "oauth2/v2.0/token")
	return Host{
		Endpoint: u.String(),
		Source:   &workloadIdentity{wire: w, url: u, client: client, file: cfg.Getenv(federatedTokenFile)},
	}, nil
}

// Token implements [Source].
func (s *workloadIdentity) Token(ctx context.Context, r Request) (token azcore.AccessToken, err error) {
	ctx, end := s.wire.StartSpan(ctx, "aztoken.WorkloadIdentity")
	defer func() { end(err) }()
	token, err = s.exchange(ctx, r)
	return token, explained(err, explainEntra)
}

func (s *workloadIdentity) exchange(ctx context.Context, r Request) (azcore.AccessToken, error) {
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

// readAssertion reads the token of the service account. The kubelet replaces it within the hour, so it is read for each
// exchange.
func readAssertion(file string) (string, error) {
	assertion, err := readWord(os.OpenFile, file, maxAssertion)
	if err != nil {
		return "", &wire.Failure{
			Err:    fmt.Errorf("the federated token file: %w", err),
			Advice: "check $AZURE_FEDERATED_TOKEN_FILE and the volume that the workload identity webhook mounts",
		}
	}
	return assertion, nil
}

// noFederation are Entra's codes for an assertion that no federated credential of the identity matches: none at all, not
// its issuer, not its audience, not its subject, not its subject's case.
var noFederation = []int{70021, 700211, 700212, 700213, 7002138}

// explainEntra explains the failures of Entra's token endpoint.
//
// https://learn.microsoft.com/entra/identity-platform/reference-error-codes
func explainEntra(f *wire.Failure) {
	has := func(codes ...int) bool {
		return slices.ContainsFunc(f.EntraCodes, func(code int) bool { return slices.Contains(codes, code) })
	}
	switch {
	case errors.As(f.Err, new(*tls.CertificateVerificationError)):
		f.Advice = "if a proxy ends TLS on the way, add its certificate to the roots of the container (SSL_CERT_FILE), or set Options.Transport"
	case has(700016):
		f.Reason = wire.IdentityNotFound
		f.Advice = "correct the client id (the service account's annotation azure.workload.identity/client-id) or the tenant"
	case has(noFederation...):
		f.Reason = wire.IdentityNotFound
		f.Advice = "give the identity a federated credential with this issuer, subject and audience, to the letter; a new one takes some minutes"
	case has(700024):
		f.Advice = "the federated token has expired; check that the kubelet renews the file in $AZURE_FEDERATED_TOKEN_FILE, and the clocks"
	case has(90002):
		f.Advice = "correct $AZURE_TENANT_ID"
	case len(f.EntraCodes) > 0 && !f.Retry && f.Code != "invalid_resource":
		f.Advice = "look the AADSTS code up in Entra's sign-in logs, among those of service principals"
	case f.StatusCode == 0 && f.Advice == "" && f.Description == "": // no connection came about
		f.Advice = "check the way to $AZURE_AUTHORITY_HOST: DNS, network policies, HTTPS_PROXY, and the roots that this container trusts"
	case f.StatusCode >= http.StatusOK && f.StatusCode < http.StatusInternalServerError && !f.JSON:
		f.Advice = "check $AZURE_AUTHORITY_HOST and the proxy (HTTPS_PROXY): this is no answer of Entra ID"
	}
}
