package extauth

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/seed-ac726066/aztoken/internal/configfile"
	"github.com/seed-ac726066/aztoken/internal/entra"
	"github.com/seed-ac726066/aztoken/internal/guid"
	"github.com/seed-ac726066/aztoken/internal/operation"
)

// Config is what a guard serves: the YAML file of the command, or its flags.
type Config struct {
	Listen  []string `yaml:"listen"`  // host:port, or unix:/path; none: DefaultListen
	Metrics string   `yaml:"metrics"` // address of /readyz and the like; "": Listen
	// Proxy is the proxy that asks; "": what it says about the request is not read.
	Proxy     Proxy         `yaml:"proxy"`
	Audiences []string      `yaml:"audiences"` // App ID URIs and client ids of the services
	Tenants   []string      `yaml:"tenants"`   // GUIDs of those whose tokens are accepted
	KeyFile   string        `yaml:"key_file"`  // keeps Entra's keys over a restart; "": none
	Cloud     string        `yaml:"cloud"`     // "": the public one
	Authority string        `yaml:"authority"` // base URL of the keys; "": the cloud's
	MinLife   time.Duration `yaml:"min_life"`  // of the keys, for /readyz; 0: DefaultMinLife
	Claims    bool          `yaml:"claims"`    // the service gets the token's claims as JSON too
	Rules     []Rule        `yaml:"rules"`

	// Required is what the flags require, for the single rule of a guard without a file and for
	// callers of /validate. Empty: any role or scope.
	Required Entry `yaml:"-"`

	document *configfile.Document
}

// Rule is what requests must show.
type Rule struct {
	Host      string   `yaml:"host"`    // "": every host without its own rules
	Path      string   `yaml:"path"`    // a pattern of net/http
	Methods   []string `yaml:"methods"` // none: all. GET has HEAD
	Require   []Entry  `yaml:"require"` // one of them must be met
	Open      bool     `yaml:"open"`    // no token is looked at
	Preflight bool     `yaml:"preflight"`
	Lenient   []string `yaml:"lenient"`
}

// The defaults of a Config.
const (
	DefaultListen = "127.0.0.1:16931"
	// DefaultMinLife gives a load balancer time to take the guard out of service.
	DefaultMinLife = 5 * time.Minute
)

// Read reads the file of a guard that was opened as name. [Config.Check] checks its values.
func Read(r io.Reader, name string) (c Config, err error) {
	c.document, err = configfile.Read(r, name, &c)
	return c, err
}

// withDefaults returns c with its defaults filled in.
func (c Config) withDefaults() Config {
	if len(c.Listen) == 0 {
		c.Listen = []string{DefaultListen}
	}
	if c.MinLife == 0 {
		c.MinLife = DefaultMinLife
	}
	if c.Cloud == "" {
		c.Cloud = entra.PublicCloud
	}
	if c.document == nil {
		c.Rules = []Rule{{Path: "/", Require: []Entry{c.Required}}}
	}
	return c
}

// Check returns c with its defaults, or the first mistake in it, with its line in the file or its
// flag.
func (c Config) Check() (Config, error) {
	c = c.withDefaults()
	mistake := func(text string, path ...any) (Config, error) { return c, c.document.Mistake(text, path...) }
	for i, address := range c.Listen {
		if err := operation.CheckAddress(address); err != nil {
			return mistake(err.Error(), "listen", i)
		}
	}
	if c.Metrics != "" {
		if err := operation.CheckAddress(c.Metrics); err != nil {
			return mistake(err.Error(), "metrics")
		}
	}
	if c.Proxy != NoProxy && !slices.Contains(Proxies(), c.Proxy) {
		return mistake(fmt.Sprintf("%q is no kind of proxy; give one of %s", c.Proxy, joined(Proxies())), "proxy")
	}
	if len(c.Audiences) == 0 {
		return mistake("there is none; give the App ID URI of the service, or its client id if its tokens have version 2", "audiences")
	}
	for i, audience := range c.Audiences {
		if !entra.IsAudience(audience) {
			return mistake(fmt.Sprintf("%q is no audience; give an App ID URI or a client id, not a scope or a placeholder", audience), "audiences", i)
		}
	}
	if len(c.Tenants) == 0 {
		return mistake("there is none; give the GUID that the portal shows as Directory (tenant) ID", "tenants")
	}
	for i, tenant := range c.Tenants {
		if !guid.Is(tenant) {
			return mistake(fmt.Sprintf("%q is not a GUID; give the one that the portal shows as Directory (tenant) ID", tenant), "tenants", i)
		}
	}
	if _, ok := entra.Cloud(c.Cloud); !ok {
		return mistake(fmt.Sprintf("%q is no cloud; give one of %s", c.Cloud, joined(entra.Clouds())), "cloud")
	}
	if c.Authority != "" && !entra.IsAuthority(c.Authority) {
		return mistake(fmt.Sprintf("%q is not a base URL; give https:// and a host, or the URL of a fake on this machine", c.Authority), "authority")
	}
	if c.MinLife < 0 {
		return mistake(fmt.Sprintf("%v is less than nothing; give a time such as 5m", c.MinLife), "min_life")
	}
	if c.document == nil {
		return c, c.Required.check(func(text, key string, _ int) error { return c.document.Mistake(text, key) })
	}
	return c, c.checkRules()
}

func joined[S ~string](values []S) string {
	var all []string
	for _, v := range values {
		all = append(all, string(v))
	}
	return strings.Join(all, ", ")
}

// Warnings returns what is allowed but may not be intended.
func (c Config) Warnings() []string {
	var all []string
	for _, address := range c.Listen {
		if operation.IsRemote(address) {
			all = append(all, address+" is reached by other machines, without encryption")
		}
	}
	if c.document == nil && c.Required.isEmpty() {
		all = append(all, "callers with any role or scope of the service are let in; --role, --scope and --caller say which")
	}
	return append(all, c.weakRules()...)
}
