package hosts

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"github.com/seed-ac726066/aztoken/internal/wire"
)

// source is an azcore.TokenCredential that asks a host once. Its secrets are in closures, where nothing prints them.
type source struct {
	wire *wire.Client
	span string // of the trace
	ask  func(ctx context.Context, resource string, opts policy.TokenRequestOptions) (azcore.AccessToken, error)
	// explain adds to a failure what this host means by it.
	explain func(*wire.Failure)
	// absent is what to do where nothing listens, though the environment names this host; "" for nothing in particular.
	absent string
}

// GetToken implements azcore.TokenCredential: one try, no cache.
func (s *source) GetToken(ctx context.Context, opts policy.TokenRequestOptions) (token azcore.AccessToken, err error) {
	ctx, end := runtime.StartSpan(ctx, s.span, s.wire.Tracer(), nil)
	defer func() { end(err) }()
	token, err = s.ask(ctx, strings.TrimSuffix(opts.Scopes[0], "/.default"), opts)
	var f *wire.Failure
	if errors.As(err, &f) {
		if f.Unreachable {
			f.Advice = s.absent
		}
		s.explain(f)
	}
	return token, err
}

// absentAt is the absent of a host whose endpoint a variable names.
func absentAt(variable string) string {
	return "nothing answers at the address in $" + variable + ": unset it if it was copied from another machine; else the host's agent is not up yet, and calling again will do"
}

// endpoint reads the URL of an endpoint from a variable. It quotes no value: some hold secrets by mistake.
func endpoint(getenv func(string) string, variable string, schemes ...string) (*url.URL, error) {
	u, err := url.Parse(getenv(variable))
	if err != nil || !slices.Contains(schemes, u.Scheme) || u.Host == "" || u.User != nil || u.Fragment != "" {
		return nil, fmt.Errorf("$%s is no URL of an identity endpoint; it must begin with %s:// and a host", variable, strings.Join(schemes, ":// or "))
	}
	return u, nil
}

// secret reads a header's value from a variable, which it does not quote.
func secret(getenv func(string) string, variable string) (string, error) {
	value := getenv(variable)
	if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) {
		return "", fmt.Errorf("$%s has a character that no header may have, such as a line feed; set it as the host does", variable)
	}
	return value, nil
}

// address is u for people, without a query.
func address(u *url.URL) string {
	shown := *u
	shown.RawQuery = ""
	return shown.String()
}

// explainOAuth explains the failures of IMDS and of the endpoints that are modelled on it.
//
// https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token#error-handling
func explainOAuth(f *wire.Failure) {
	explainLocal(f)
	switch {
	case f.StatusCode != http.StatusBadRequest:
	case strings.Contains(f.Description, "Identity not found"):
		f.Reason = wire.IdentityNotFound
	case strings.Contains(f.Description, "Multiple user assigned identities"):
		f.Reason = wire.IdentityAmbiguous
	}
}

// explainLocal explains the failures of every endpoint that is on this machine.
func explainLocal(f *wire.Failure) {
	if f.StatusCode == http.StatusForbidden && !f.JSON && f.Description != "" {
		f.Reason = wire.NoEndpoint // no identity endpoint says 403 in prose; Docker Desktop's proxy does
	}
}
