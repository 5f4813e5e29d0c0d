package hosts

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/seed-ac726066/aztoken/internal/guid"
	"github.com/seed-ac726066/aztoken/internal/secret"
	"github.com/seed-ac726066/aztoken/internal/wire"
)

// Federation describes an application whose credential is an assertion.
type Federation struct {
	// TenantID and ClientID are the application's.
	TenantID, ClientID string
	// Authority is the login host. "" leaves it to the environment.
	Authority string
	// Assert returns an assertion for the audience of the cloud, which is "" if IsCustom is set.
	Assert func(ctx context.Context, audience string) (Assertion, error)
	// IsCustom reports whether the program, and not a managed identity, makes the assertions, of
	// any kind and for an audience of its choice.
	IsCustom bool
	// By names what makes the assertions, for people.
	By string
}

// Assertion is a token that stands for an application's secret.
type Assertion struct {
	Value secret.Text
	// Other returns another assertion if Entra did not accept this one, and false if there is none.
	// It is nil for an assertion that was made for this exchange.
	Other func(ctx context.Context) (secret.Text, bool)
}

// federation is an application whose credential is an assertion.
type federation struct {
	exchange
	Federation
	audience string
}

// NewFederation returns the Host of an application. Its errors are a [*ConfigError].
func NewFederation(cfg Config, f Federation) (Host, error) {
	switch {
	case f.TenantID == "":
		return Host{}, &ConfigError{Field: FieldAppTenant, Problem: "empty", Fix: "set it to the tenant of the app registration"}
	case !IsTenant(f.TenantID):
		return Host{}, &ConfigError{Field: FieldAppTenant, Problem: notTenant(f.TenantID), Fix: "set it to the tenant of the app registration"}
	case f.ClientID == "":
		return Host{}, &ConfigError{Field: FieldAppClientID, Problem: "empty", Fix: fixAppClientID}
	case !guid.Is(f.ClientID):
		return Host{}, &ConfigError{Field: FieldAppClientID, Problem: quote(f.ClientID) + " is not a client id, which is a GUID", Fix: fixAppClientID}
	}
	s := &federation{exchange: exchange{tenant: f.TenantID, client: f.ClientID}, Federation: f}
	var err error
	if s.base, err = f.authority(cfg.Getenv); err != nil {
		return Host{}, err
	}
	if !f.IsCustom {
		if s.audience = exchangeAudience(s.base); s.audience == "" {
			return Host{}, f.unknownCloud(s.base)
		}
	}
	if s.wire, err = cfg.client(wire.Reach{Place: wire.Internet}); err != nil {
		return Host{}, err
	}
	return Host{
		Kind: AppRegistration, Endpoint: s.url(f.TenantID), Why: "by an assertion of " + f.By, Named: true, Source: s,
	}, nil
}

const fixAppClientID = "set it to the application (client) id of the app registration"

// authority returns the login host.
func (f Federation) authority(getenv func(string) string) (*url.URL, error) {
	if f.Authority == "" {
		return authorityOf(getenv)
	}
	u, problem := httpsBase(f.Authority)
	if problem != "" {
		return nil, &ConfigError{
			Field: FieldCloud, Problem: hidePath(f.Authority) + " " + problem,
			Fix: "it must be the https:// URL of a login host; use one of azcore's clouds, such as cloud.AzureGovernment",
		}
	}
	return u, nil
}

// unknownCloud returns the error of a login host whose cloud's audience is not known.
func (f Federation) unknownCloud(login *url.URL) error {
	field := FieldCloud
	if f.Authority == "" {
		field = "$" + authorityHost
	}
	return &ConfigError{
		Field: field, Problem: fmt.Sprintf("the audience of assertions in the cloud of %s is not known", login.Host),
		Fix: "have the program make the assertions, by a function that returns a token for that audience (Options.Federation.Assertion)",
	}
}

// Token implements [Source].
func (s *federation) Token(ctx context.Context, r Request) (token azcore.AccessToken, err error) {
	ctx, end := s.wire.StartSpan(ctx, "aztoken.Federation")
	defer func() { end(err) }()
	assertion, err := s.Assert(ctx, s.audience)
	if err != nil {
		return azcore.AccessToken{}, err
	}
	token, err = s.present(ctx, r, assertion.Value)
	if !isRefused(err) || assertion.Other == nil {
		return token, err
	}
	other, ok := assertion.Other(ctx)
	if !ok {
		return token, err
	}
	return s.present(ctx, r, other)
}

// present makes the exchange with one assertion.
func (s *federation) present(ctx context.Context, r Request, assertion secret.Text) (azcore.AccessToken, error) {
	value, err := word(assertion.Reveal())
	if err == nil && len(value) > maxAssertion {
		err = errors.New("larger than a token can be")
	}
	if err != nil {
		return azcore.AccessToken{}, &wire.Failure{
			Err: fmt.Errorf("the assertion is %w", err), Advice: "return a JWT from " + FieldAssertion,
		}
	}
	token, err := s.token(ctx, r, value)
	return finish(r.Tenant, token, err, func(f *wire.Failure) { s.explain(f, r.Tenant, readPresented(value)) })
}

// isRefused reports whether err says that Entra does not accept the assertion: it has expired, or
// no federated credential matches it yet.
func isRefused(err error) bool {
	var f *wire.Failure
	return errors.As(err, &f) && (isMismatch(f) || hasCode(f, func(code int) bool { return code == ended }))
}

// maxEndedRetries is how often an expired assertion is worth another try: its issuer may be about
// to renew it.
const maxEndedRetries = 2

func (s *federation) explain(f *wire.Failure, tenant string, sent presented) {
	s.explainEntra(f, tenant)
	f.Advice = ofApplication(f.Advice)
	if hasCode(f, func(code int) bool { return code == ended }) {
		f.Retry, f.MaxRetries = true, maxEndedRetries
	}
	switch {
	case isAboutCredential(f):
		f.Advice = s.advice(f, sent)
	case isCertificateError(f):
		f.Advice = "if a proxy terminates TLS on the way, add its certificate to the roots of this machine (SSL_CERT_FILE)"
	case f.StatusCode == 0 && f.Advice == "" && f.Description == "": // there was no connection
		f.Advice = "check the way to " + s.base.Host + ": DNS, firewalls, HTTPS_PROXY, and the roots that this machine trusts"
	case isNotEntra(f):
		f.Advice = "check $AZURE_AUTHORITY_HOST and the proxy (HTTPS_PROXY): the answer is not from Entra ID"
	}
}

// ofApplication rewords advice about a host's variables for an application, whose ids are not in
// variables.
func ofApplication(advice string) string {
	switch advice {
	case fixClient:
		return "correct the client id or the tenant of the app registration"
	case fixTenant:
		return "correct the tenant of the app registration"
	}
	return advice
}

// advice returns what to do about a refusal that has to do with the federated credential.
func (s *federation) advice(f *wire.Failure, sent presented) string {
	var do string
	switch {
	case hasCode(f, func(code int) bool { return code == ended }):
		do = "check that the assertion is not an old copy, and that the clocks are right"
	case isMismatch(f) && s.IsCustom:
		do = "the app registration " + s.client + " needs a federated credential with exactly the issuer, subject and audience of the " +
			"assertion; a new one takes some minutes"
	case isMismatch(f):
		sent.audience = s.audience // the token may have the GUID in its place
		do = fmt.Sprintf("the app registration %s needs a federated credential with exactly the issuer, subject and audience of the "+
			"assertion: aztoken federate --app %[1]s --to %[2]s; a new one takes some minutes", s.client, sent.subject)
	default:
		do = federationAdvice(f)
	}
	return do + "; " + sent.String()
}

// Close implements [Source].
func (s *federation) Close() { s.wire.Close() }

// AssertBy returns the assertions that a function makes, one for each exchange.
func AssertBy(f func(context.Context) (string, error)) func(context.Context, string) (Assertion, error) {
	return func(ctx context.Context, _ string) (Assertion, error) {
		value, err := f(ctx)
		switch {
		case errors.Is(err, fs.ErrNotExist): // the file may be mounted or written later
			return Assertion{}, &wire.Failure{Err: fmt.Errorf("the assertion: %w", err), Retry: true}
		case err != nil:
			return Assertion{}, fmt.Errorf("the assertion: %w", err)
		}
		return Assertion{Value: secret.New(value)}, nil
	}
}
