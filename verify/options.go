package verify

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/seed-ac726066/aztoken/internal/origin"
)

// defaultSkew is what Microsoft's own libraries allow between the clocks of Entra and of a service.
const defaultSkew = 5 * time.Minute

// Options say whose tokens a [Verifier] accepts and how it answers. Audiences and Tenants must be
// set.
type Options struct {
	// Audiences are the App ID URIs and client ids of this service; at least one. A token must be
	// for exactly one of them, except that one trailing slash does not matter. Tokens of version 2
	// have the client id.
	Audiences []string
	// Tenants are the GUIDs of the tenants whose tokens are accepted; at least one unless AnyTenant
	// is set.
	Tenants []string
	// AnyTenant accepts tokens of every tenant there is. Anybody can create a tenant: set Callers
	// too, or check the tenant in the handler.
	AnyTenant bool
	// Callers are the object ids or client ids of those who may call. A client id counts only if an
	// application calls for itself. Empty: every caller that has a role or a scope.
	Callers []string
	// AllowRoleless accepts tokens with neither roles nor scopes, which every identity of the
	// tenant can get for every service.
	AllowRoleless bool

	// Cloud decides the issuers of tokens and whose keys are fetched. Zero: Public.
	Cloud Cloud
	// Issuers are those of a cloud or tenant that Cloud does not know, in place of Cloud's, such as
	// "https://{tenantid}.ciamlogin.com/{tenantid}/v2.0"; {tenantid} stands for the tenant. Set
	// Authority to their login host as well. Empty: those of Cloud.
	Issuers []string
	// Authority is the base URL for discovery and keys, such as that of a mirror; https, or http on
	// loopback. The issuers stay those of the cloud. "": the cloud's login host.
	Authority string
	// AppID is the client id of this service if it has claims mapping, which gives it its own keys.
	// "": the common keys.
	AppID string
	// HTTPClient fetches the keys, without following redirects. Nil: one that uses the proxy of the
	// environment.
	HTTPClient *http.Client
	// ClockSkew is how far the clocks of Entra and of this machine may be apart. Zero: five
	// minutes. Negative: not at all.
	ClockSkew time.Duration
	// KeyFile is a file that keeps the last good keys, for a service that starts while Entra is
	// down. It must be a regular file that only the user of this process or root can write: anyone
	// who can write it decides whose tokens are accepted. "": none.
	KeyFile string

	// Realm is the realm of the challenges to callers (RFC 7235). "": none.
	Realm string
	// ResourceMetadata is the URL of this service's protected resource metadata (RFC 9728), which
	// challenges then name, as MCP clients need. "": none.
	ResourceMetadata string
	// ErrorHandler answers the requests that a Handler refuses. The headers WWW-Authenticate and
	// Retry-After are set already; it writes the status, which is the Error's StatusCode, and a
	// body. What the Error says is for the log, not for the caller. Nil: a line of plain text.
	ErrorHandler func(http.ResponseWriter, *http.Request, *Error)

	// Logger gets a line for each fetch of keys and each token that is not accepted. Nil: no log.
	Logger *slog.Logger
	// OnEvent is called for every Event, by several goroutines at once. A call of the Verifier
	// waits up to a tenth of a second for it; it must not close the Verifier. Nil: no calls.
	OnEvent func(Event)
}

var (
	errNilOptions = errors.New("verify: the Options are nil; set at least Audiences and Tenants")
	errNoAudience = errors.New("verify: Options.Audiences is empty; set it to the App ID URI of this service, and to its client id if its tokens have version 2")
	errNoTenant   = errors.New("verify: Options.Tenants is empty; set it to the GUID of your tenant, or set AnyTenant to accept the tokens of every tenant there is")
	errBothTenant = errors.New("verify: Options.Tenants and Options.AnyTenant are both set; leave one of them out")
	errAuthority  = errors.New("verify: Options.Authority is not a base URL; set it to https:// and a host, or leave it out for the cloud's own")
	errCloud      = errors.New("verify: Options.Cloud is not one of Public, USGovernment and China; for others set Options.Issuers and Authority")
	errRealm      = errors.New("verify: Options.Realm has control characters or letters beyond ASCII; set it to plain text")
	errMetadata   = errors.New("verify: Options.ResourceMetadata is not a URL; set it to https://, a host and /.well-known/oauth-protected-resource")
)

// resolve checks the Options and returns them in the form that is used: the rules for tokens, and
// where the keys of each tenant come from ("": of all tenants).
func (o *Options) resolve(client *http.Client) (rules, map[string]*source, error) {
	if o == nil {
		return rules{}, nil, errNilOptions
	}
	h, ok := o.Cloud.hosts()
	if !ok {
		return rules{}, nil, errCloud
	}
	r := rules{roleless: o.AllowRoleless, skew: max(0, o.ClockSkew)}
	if o.ClockSkew == 0 {
		r.skew = defaultSkew
	}
	var err error
	if r.audiences, err = resolveAudiences(o.Audiences); err != nil {
		return rules{}, nil, err
	}
	if r.tenants, err = o.resolveTenants(); err != nil {
		return rules{}, nil, err
	}
	if r.callers, err = guids(o.Callers, "Options.Callers", "the object id or client id of a caller, a GUID"); err != nil {
		return rules{}, nil, err
	}
	own, err := resolveIssuers(o.Issuers, r.tenants)
	if err != nil {
		return rules{}, nil, err
	}
	r.issuers = ofCloud(h).replacedBy(own)
	authority, err := o.authority(h)
	if err != nil {
		return rules{}, nil, err
	}
	tenants := r.tenants
	if o.AnyTenant {
		tenants = []string{""}
	}
	sources := map[string]*source{}
	for _, t := range tenants {
		sources[t] = newSource(client, authority, r.issuers, t, o.AppID)
	}
	return r, sources, nil
}

// resolveAudiences returns the audiences; those that contain a GUID also with the GUID in lower
// case, as in tokens.
func resolveAudiences(audiences []string) (all []string, err error) {
	if len(audiences) == 0 {
		return nil, errNoAudience
	}
	for _, a := range audiences {
		if strings.Trim(a, "/") == "" || strings.ContainsFunc(a, unicode.IsSpace) || strings.ContainsAny(a, "{}<>") ||
			strings.HasSuffix(a, "//") || strings.HasSuffix(a, "/.default") {
			return nil, fmt.Errorf("verify: Options.Audiences has %q; set it to an App ID URI or a client id, not a scope or a placeholder", a)
		}
		all = append(all, a)
		id := strings.TrimPrefix(strings.TrimSuffix(a, "/"), "api://")
		if lower := strings.ToLower(id); lower != id && isGUID(lower) {
			all = append(all, strings.Replace(a, id, lower, 1))
		}
	}
	return all, nil
}

func (o *Options) resolveTenants() ([]string, error) {
	switch {
	case len(o.Tenants) == 0 && !o.AnyTenant:
		return nil, errNoTenant
	case len(o.Tenants) > 0 && o.AnyTenant:
		return nil, errBothTenant
	}
	return guids(o.Tenants, "Options.Tenants", "the tenant's GUID, which the portal shows as Directory (tenant) ID")
}

// guids returns each GUID once, in lower case.
func guids(ids []string, option, want string) (all []string, err error) {
	for _, id := range ids {
		folded := strings.ToLower(id)
		if !isGUID(folded) {
			return nil, fmt.Errorf("verify: %s has %q; set it to %s", option, id, want)
		}
		if !slices.Contains(all, folded) {
			all = append(all, folded)
		}
	}
	return all, nil
}

// resolveIssuers checks that each issuer is that of a tenant: if it were the same for all, any
// tenant could issue tokens in the name of another.
func resolveIssuers(issuers, tenants []string) (all []template, err error) {
	for _, issuer := range issuers {
		u, err := url.Parse(strings.ReplaceAll(issuer, anyTenant, "tenant"))
		isTenants := strings.Contains(issuer, anyTenant) || slices.ContainsFunc(tenants, func(t string) bool { return strings.Contains(issuer, t) })
		if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" ||
			!isTenants || strings.ContainsAny(strings.ReplaceAll(issuer, anyTenant, ""), "{}") || strings.ContainsFunc(issuer, unicode.IsSpace) {
			return nil, fmt.Errorf("verify: Options.Issuers has %q; set it to the iss of the tokens, with {tenantid} in place of the tenant's GUID", issuer)
		}
		all = append(all, template(issuer))
	}
	return all, nil
}

func (o *Options) authority(h hosts) (*url.URL, error) {
	if o.Authority == "" {
		return &url.URL{Scheme: "https", Host: h.login}, nil
	}
	u, err := url.Parse(o.Authority)
	if err != nil || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, errAuthority
	}
	if u.Scheme != "https" && !(u.Scheme == "http" && origin.Loopback(u.Hostname())) {
		return nil, errAuthority
	}
	return u, nil
}

// challenge returns the parameters that every challenge has.
func (o *Options) challenge() (parameters, error) {
	if strings.ContainsFunc(o.Realm, func(r rune) bool { return r < ' ' || r > '~' }) {
		return parameters{}, errRealm
	}
	if o.ResourceMetadata != "" {
		u, err := url.Parse(o.ResourceMetadata)
		if err != nil || u.Hostname() == "" || u.User != nil || u.Scheme != "https" && !(u.Scheme == "http" && origin.Loopback(u.Hostname())) {
			return parameters{}, errMetadata
		}
		return parameters{o.Realm, u.String()}, nil
	}
	return parameters{o.Realm, ""}, nil
}
