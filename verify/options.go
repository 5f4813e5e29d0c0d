package verify

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"
)

// defaultSkew is what Microsoft's own libraries allow between the clocks of Entra and of a service.
const defaultSkew = 5 * time.Minute

// Options say whose tokens a [Verifier] accepts. Audiences and Tenants must be set.
type Options struct {
	// Audiences are the App ID URIs and client ids of this service; at least one. A token must be for one of them, to the
	// letter but for one slash at the end. Tokens of version 2 have the client id.
	Audiences []string
	// Tenants are the GUIDs of the tenants whose tokens are accepted; at least one unless AnyTenant is set.
	Tenants []string
	// AnyTenant accepts tokens of every tenant there is. Everybody can have a tenant: set Clients too, or look at the tenant in
	// the handler.
	AnyTenant bool
	// Clients are the object ids or client ids of those who may call. A client id counts only where an application calls
	// for itself. Empty: whoever has a role or a scope.
	Clients []string
	// AllowRoleless accepts tokens with neither roles nor scopes, which every identity of the tenant can get for every service.
	AllowRoleless bool
	// Cloud decides the issuers of tokens and whose keys are asked for. Zero: Public.
	Cloud Cloud
	// Authority is the base URL for discovery and keys, such as that of a mirror; https, or http on loopback. "": the
	// cloud's login host. The issuers stay those of the cloud.
	Authority string
	// AppID is the client id of this service if it has claims mapping, which gives it keys of its own. "": the keys of all.
	AppID string
	// HTTPClient fetches the keys, without following redirects. Nil: one that uses the proxy of the environment.
	HTTPClient *http.Client
	// ClockSkew is how far the clocks of Entra and of this machine may be apart. Zero: five minutes. Negative: not at all.
	ClockSkew time.Duration
	// KeyFile is a file that keeps the last good keys, for a service that starts while Entra is down. Whoever can write it
	// decides whose tokens are accepted. "": none.
	KeyFile string
	// Logger gets a line for each fetch of keys and each token that is not accepted. Nil: silent.
	Logger *slog.Logger
	// OnEvent is called for every Event before what caused it goes on: it should be quick, and must not close the
	// Verifier. Nil: nobody.
	OnEvent func(Event)
}

var (
	errNoAudience = errors.New("verify: Options.Audiences is empty; set it to the App ID URI of this service, and its client id if its tokens have version 2")
	errNoTenant   = errors.New("verify: Options.Tenants is empty; set it to the GUID of your tenant, or set AnyTenant to accept the tokens of every tenant there is")
	errBothTenant = errors.New("verify: Options.Tenants and Options.AnyTenant are both set; leave one of them out")
	errAuthority  = errors.New("verify: Options.Authority is no base URL; give https:// and a host, or leave it out for the cloud's own")
	errCloud      = errors.New("verify: Options.Cloud is none of Public, USGovernment and China")
)

// resolve checks the Options and puts them into the form that is used.
func (o Options) resolve() (rules, *source, error) {
	h, ok := o.Cloud.hosts()
	if !ok {
		return rules{}, nil, errCloud
	}
	r := rules{hosts: h, audiences: append([]string(nil), o.Audiences...), roleless: o.AllowRoleless, skew: max(0, o.ClockSkew)}
	if o.ClockSkew == 0 {
		r.skew = defaultSkew
	}
	if len(o.Audiences) == 0 {
		return rules{}, nil, errNoAudience
	}
	for _, a := range o.Audiences {
		if a == "" || a == "/" || strings.ContainsFunc(a, unicode.IsSpace) || strings.HasSuffix(a, "//") || strings.HasSuffix(a, "/.default") {
			return rules{}, nil, fmt.Errorf("verify: Options.Audiences has %q; give an App ID URI or a client id, not a scope", a)
		}
	}
	switch {
	case len(o.Tenants) == 0 && !o.AnyTenant:
		return rules{}, nil, errNoTenant
	case len(o.Tenants) > 0 && o.AnyTenant:
		return rules{}, nil, errBothTenant
	}
	for _, t := range o.Tenants {
		tenant := strings.ToLower(t)
		if !isGUID(tenant) {
			return rules{}, nil, fmt.Errorf("verify: Options.Tenants has %q; give the tenant's GUID, which the portal shows as Directory (tenant) ID", t)
		}
		r.tenants = append(r.tenants, tenant)
	}
	for _, c := range o.Clients {
		client := strings.ToLower(c)
		if !isGUID(client) {
			return rules{}, nil, fmt.Errorf("verify: Options.Clients has %q; give the object id or client id of a caller, a GUID", c)
		}
		r.clients = append(r.clients, client)
	}
	authority, err := o.authority(h)
	if err != nil {
		return rules{}, nil, err
	}
	tenant := "" // the keys of all
	if len(r.tenants) == 1 {
		tenant = r.tenants[0]
	}
	return r, newSource(o.HTTPClient, authority, h, tenant, o.AppID), nil
}

func (o Options) authority(h hosts) (*url.URL, error) {
	if o.Authority == "" {
		return &url.URL{Scheme: "https", Host: h.login}, nil
	}
	u, err := url.Parse(o.Authority)
	if err != nil || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, errAuthority
	}
	if u.Scheme != "https" && !(u.Scheme == "http" && isLoopback(u.Hostname())) {
		return nil, errAuthority
	}
	return u, nil
}

// isLoopback says whether what is sent to host stays on this machine.
func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}
