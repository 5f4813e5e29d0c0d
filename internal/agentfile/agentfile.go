// Package agentfile is what an agent serves, as its YAML file or its flags say.
package agentfile

import (
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/internal/configfile"
	"github.com/seed-ac726066/aztoken/internal/guid"
	"github.com/seed-ac726066/aztoken/internal/hosts"
	"github.com/seed-ac726066/aztoken/internal/identityapi"
	"github.com/seed-ac726066/aztoken/internal/operation"
)

// Config is what an agent serves: the YAML file of the command, or its flags.
type Config struct {
	// Listen has addresses, host:port or unix:/path; none: DefaultListen.
	Listen    []string `yaml:"listen"`
	Hostnames []string `yaml:"hostnames"` // further names by which programs reach it
	// Metrics is the address of /healthz, /readyz and /metrics; "": that of Listen.
	Metrics string `yaml:"metrics"`
	// Endpoint is the base URL of the upstream IMDS; "": the environment decides.
	Endpoint string `yaml:"endpoint"`
	Store    string `yaml:"store"` // directory of the token store; "": none
	// StoreKeyFiles has the keys of the store, of which the first one seals; none: the directory
	// has its own key.
	StoreKeyFiles []string `yaml:"store_key_files"`
	// MinLife is the least life that a warm token has left; 0: DefaultMinLife.
	MinLife    time.Duration `yaml:"min_life"`
	Identities []Identity    `yaml:"identities"`

	IMDS bool `yaml:"-"` // serve IMDS's protocol too
	Dev  bool `yaml:"-"` // the tokens are the developer's own

	document *configfile.Document
}

// Read reads the file of an agent that was opened as name. [Config.Check] checks its values.
func Read(r io.Reader, name string) (c Config, err error) {
	c.document, err = configfile.Read(r, name, &c)
	return c, err
}

// Identity is one of the identities that an agent serves.
type Identity struct {
	Name string `yaml:"name"` // of labels and log fields; "": DefaultName, if it is the only one

	// The identity's ids: upstream is asked for the first, and callers may use any. None: the
	// host's default identity, and other identities by the ids that callers send.
	ClientID   string `yaml:"client_id"`
	ObjectID   string `yaml:"object_id"`
	ResourceID string `yaml:"resource_id"`

	// Federation is the app registration whose credential the identity is, and whose tokens are
	// served in place of the identity's own; nil for none. Callers name it by its client id.
	Federation *Federation `yaml:"federation"`

	// HeaderFile has the secret of its callers; "": the agent makes one.
	HeaderFile string `yaml:"header_file"`
	// EnvFile gets the environment of its callers; "": none.
	EnvFile string   `yaml:"env_file"`
	IMDS    bool     `yaml:"imds"`  // callers of IMDS's protocol get its tokens
	Allow   []string `yaml:"allow"` // the resources that are served; none: any, 64 at most
	// Warm are resources whose tokens are kept fresh even if nobody asks for them.
	Warm []string `yaml:"warm"`
	Rate *int     `yaml:"rate"` // requests a second; nil: DefaultRate, 0: no limit
}

// Federation is an app registration.
type Federation struct {
	TenantID string `yaml:"tenant_id"`
	ClientID string `yaml:"client_id"`
}

// The defaults of a Config.
const (
	DefaultListen = "127.0.0.1:16930"
	DefaultName   = "default"
	// DefaultMinLife is longer than five minutes: SDKs treat a token as expired five minutes before
	// its end.
	DefaultMinLife = 5 * time.Minute
	// DefaultRate lets a host start hundreds of programs at once and stops a loop without a pause.
	DefaultRate = 1000
)

var (
	identityName = regexp.MustCompile(`^[a-z0-9-]{1,63}$`)
	hostName     = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?$`)
)

// withDefaults returns c with its defaults filled in.
func (c Config) withDefaults() Config {
	if len(c.Listen) == 0 {
		c.Listen = []string{DefaultListen}
	}
	if c.MinLife == 0 {
		c.MinLife = DefaultMinLife
	}
	c.Identities = slices.Clone(c.Identities)
	if len(c.Identities) == 1 && c.Identities[0].Name == "" {
		c.Identities[0].Name = DefaultName
	}
	return c
}

// Check returns c with its defaults, or the first mistake in it, with its line in the file or its
// flag.
func (c Config) Check() (Config, error) {
	c = c.withDefaults()
	for i, address := range c.Listen {
		if err := operation.CheckAddress(address); err != nil {
			return c, c.document.Mistake(err.Error(), "listen", i)
		}
	}
	for i, name := range c.Hostnames {
		if !hostName.MatchString(name) {
			return c, c.document.Mistake(fmt.Sprintf("%q is not a host name; give one without a port", name), "hostnames", i)
		}
	}
	if c.Metrics != "" {
		if err := operation.CheckAddress(c.Metrics); err != nil {
			return c, c.document.Mistake(err.Error(), "metrics")
		}
	}
	if u, err := url.Parse(c.Endpoint); c.Endpoint != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		return c, c.document.Mistake(fmt.Sprintf("%q is not a URL; give one as in http://169.254.169.254", c.Endpoint), "endpoint")
	}
	if c.Store == "" && len(c.StoreKeyFiles) > 0 {
		return c, c.document.Mistake("there is no store that it would open; give store too", "store_key_files")
	}
	if c.Dev && c.Store != "" {
		return c, c.document.Mistake("a store keeps no tokens of a developer; leave out store or dev", "store")
	}
	if c.MinLife < 0 {
		return c, c.document.Mistake(fmt.Sprintf("%v is less than nothing; give a time such as 5m", c.MinLife), "min_life")
	}
	if len(c.Identities) == 0 {
		return c, c.document.Mistake("there is no identity to serve; give one", "identities")
	}
	for i := range c.Identities {
		if err := c.checkIdentity(i); err != nil {
			return c, err
		}
	}
	return c, c.checkIMDS()
}

func (c Config) checkIdentity(i int) error {
	id := c.Identities[i]
	mistake := func(key, format string, a ...any) error {
		return c.document.Mistake(fmt.Sprintf(format, a...), "identities", i, key)
	}
	others := c.Identities[:i]
	switch {
	case !identityName.MatchString(id.Name):
		return mistake("name", "%q is not a name; give one of the characters a-z, 0-9 and -", id.Name)
	case slices.ContainsFunc(others, func(o Identity) bool { return o.Name == id.Name }):
		return mistake("name", "%q is the name of another identity too", id.Name)
	case id.ClientID != "" && !guid.Is(id.ClientID):
		return mistake("client_id", "%q is not a GUID", id.ClientID)
	case id.ObjectID != "" && !guid.Is(id.ObjectID):
		return mistake("object_id", "%q is not a GUID", id.ObjectID)
	case id.ResourceID != "" && !strings.HasPrefix(strings.ToLower(id.ResourceID), "/subscriptions/"):
		return mistake("resource_id", "%q is not an Azure resource id; give /subscriptions/…", id.ResourceID)
	case c.Dev && id.Upstream() != nil:
		return mistake("client_id", "with dev the identity is the developer; leave the ids out")
	case id.EnvFile != "" && slices.ContainsFunc(others, func(o Identity) bool { return filepath.Clean(o.EnvFile) == filepath.Clean(id.EnvFile) }):
		return mistake("env_file", "%q is the file of another identity too", id.EnvFile)
	case id.Rate != nil && *id.Rate < 0:
		return mistake("rate", "%d is less than nothing; give requests a second, or 0 for no limit", *id.Rate)
	case id.Federation == nil && c.document.Has("identities", i, "federation"):
		// An empty federation must not mean the identity's own tokens.
		return mistake("federation", "it is empty; give tenant_id and client_id of the app registration, or leave it out")
	case id.Federation != nil && id.Federation.TenantID == "":
		return c.document.Mistake("the tenant is missing; give that of the app registration", "identities", i, "federation", "tenant_id")
	case id.Federation != nil && !hosts.IsTenant(id.Federation.TenantID):
		return c.document.Mistake(fmt.Sprintf("%q is not a tenant; give the GUID or a domain of the app registration's", id.Federation.TenantID),
			"identities", i, "federation", "tenant_id")
	case id.Federation != nil && !guid.Is(id.Federation.ClientID):
		return c.document.Mistake(fmt.Sprintf("%q is not a GUID; give the client id of the app registration", id.Federation.ClientID),
			"identities", i, "federation", "client_id")
	case id.Federation != nil && c.Dev:
		return mistake("federation", "a developer's sign-in is no app registration's credential; leave out federation or dev")
	case c.Dev && len(id.Allow) == 0:
		return mistake("allow", "without it every program here could act as the developer everywhere; name the resources")
	}
	for j, resource := range id.Allow {
		if !IsResource(resource) {
			return c.document.Mistake(fmt.Sprintf("%q is not a resource; give an App ID URI", resource), "identities", i, "allow", j)
		}
	}
	for j, resource := range id.Warm {
		if !IsResource(resource) {
			return c.document.Mistake(fmt.Sprintf("%q is not a resource; give an App ID URI", resource), "identities", i, "warm", j)
		}
		if len(id.Allow) > 0 && !slices.ContainsFunc(id.Allow, func(a string) bool { return Fold(a) == Fold(resource) }) {
			return c.document.Mistake(fmt.Sprintf("%q is not among the resources of allow, so nobody could get it", resource), "identities", i, "warm", j)
		}
	}
	return nil
}

// checkIMDS finds settings that would give tokens to more callers than intended.
func (c Config) checkIMDS() error {
	marked := -1
	for i, id := range c.Identities {
		if id.IMDS && marked >= 0 {
			return c.document.Mistake("another identity is marked too; callers of IMDS show no secret, so one must do", "identities", i, "imds")
		}
		if id.IMDS {
			marked = i
		}
	}
	switch i := c.ServedByIMDS(); {
	case i < 0 && c.IMDS:
		return c.document.Mistake("it could serve several identities; mark one of them by imds: true", "identities")
	case i >= 0 && slices.ContainsFunc(c.Listen, operation.IsRemote) && (len(c.Identities[i].Allow) == 0 || len(c.Hostnames) == 0):
		return c.document.Mistake("IMDS beyond loopback gives tokens to the whole network; limit them by allow, and give a hostname", "listen")
	}
	return nil
}

// Warnings returns what is allowed but may not be intended.
func (c Config) Warnings() []string {
	var all []string
	for _, address := range c.Listen {
		if operation.IsRemote(address) {
			all = append(all, address+" is reached by other machines, without encryption")
		}
	}
	if i := c.ServedByIMDS(); i >= 0 && len(c.Identities[i].Allow) == 0 {
		all = append(all, "IMDS's protocol gives tokens for every resource to every program that reaches it; --allow limits them")
	}
	return all
}

// ServedByIMDS returns the index of the identity that callers of IMDS's protocol get, or -1.
func (c Config) ServedByIMDS() int {
	if i := slices.IndexFunc(c.Identities, func(id Identity) bool { return id.IMDS }); i >= 0 {
		return i
	}
	if c.IMDS && len(c.Identities) == 1 {
		return 0
	}
	return -1
}

// Upstream returns the id that is asked for, nil for the host's default identity.
func (id Identity) Upstream() aztoken.ID {
	switch {
	case id.ClientID != "":
		return aztoken.ClientID(id.ClientID)
	case id.ObjectID != "":
		return aztoken.ObjectID(id.ObjectID)
	case id.ResourceID != "":
		return aztoken.ResourceID(id.ResourceID)
	}
	return nil
}

// Application returns the option of the client, nil for the identity's own tokens.
func (id Identity) Application() *aztoken.Federation {
	if id.Federation == nil {
		return nil
	}
	return &aztoken.Federation{TenantID: id.Federation.TenantID, ClientID: id.Federation.ClientID}
}

// IDs returns all forms by which callers may name the identity.
func (id Identity) IDs() []identityapi.ID {
	if id.Federation != nil {
		return []identityapi.ID{{Kind: identityapi.ClientID, Value: id.Federation.ClientID}}
	}
	all := []identityapi.ID{
		{Kind: identityapi.ClientID, Value: id.ClientID},
		{Kind: identityapi.ObjectID, Value: id.ObjectID},
		{Kind: identityapi.ResourceID, Value: id.ResourceID},
	}
	return slices.DeleteFunc(all, func(form identityapi.ID) bool { return form.Value == "" })
}

// Fold returns what two spellings of a resource have in common: one "/.default" and one slash at
// the end are ignored. Upstream gets the resource as the caller wrote it, because the slash changes
// the audience.
func Fold(resource string) string { return strings.TrimSuffix(hosts.TrimScope(resource), "/") }

// IsResource reports whether a client takes the name of a resource.
func IsResource(name string) bool {
	return Fold(name) != "" && !strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' })
}
