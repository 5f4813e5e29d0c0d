package fake

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/seed-ac726066/aztoken/internal/fakeazure"
	"github.com/seed-ac726066/aztoken/internal/fakeazure/platform"
	"github.com/seed-ac726066/aztoken/internal/guid"
)

// Config is the YAML file of a fake. Omitted fields have the defaults of fakeazure.Options.
type Config struct {
	Tenant string `yaml:"tenant"`
	// Tenants are further tenants that exist. Those of applications need not be listed.
	Tenants []string `yaml:"tenants"`
	// Identities are those of the machine. Omitted means one system-assigned identity, [] means
	// none.
	Identities    []Identity    `yaml:"identities"`
	Applications  []Application `yaml:"applications"`
	Resources     []string      `yaml:"resources"`
	TokenLifetime Duration      `yaml:"token_lifetime"`
	MintAfter     Duration      `yaml:"mint_after"`
	TokenVersion  int           `yaml:"token_version"`
	// OptionalClaims are those that a resource's manifest requests: idtyp.
	OptionalClaims []string `yaml:"optional_claims"`
	Secret         string   `yaml:"secret"`
	// ProxyCAData is whether the certificate authority of the token proxy is in a variable, not in
	// a file.
	ProxyCAData bool `yaml:"proxy_ca_data"`
}

// Identity is one of the machine's identities.
type Identity struct {
	SystemAssigned bool                `yaml:"system_assigned"`
	ClientID       string              `yaml:"client_id"`
	ObjectID       string              `yaml:"object_id"`
	ResourceID     string              `yaml:"resource_id"`
	Roles          map[string][]string `yaml:"roles"` // by resource
}

// Duration is a duration in Go's syntax: 90m, 24h.
type Duration time.Duration

// UnmarshalText implements [encoding.TextUnmarshaler].
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%q is not a duration such as 90m or 24h", text)
	}
	*d = Duration(parsed)
	return nil
}

// maxConfig is far more than any machine's identities need.
const maxConfig = 1 << 20

// ReadConfig reads a file that was opened as name. An unknown member is an error, as it is a typo.
func ReadConfig(r io.Reader, name string) (Config, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxConfig+1))
	if err != nil {
		return Config{}, fmt.Errorf("aztoken: reading %s: %w", name, err)
	}
	if len(text) > maxConfig {
		return Config{}, fmt.Errorf("aztoken: %s is larger than 1 MiB; use the file of the fake", name)
	}
	var c Config
	decoder := yaml.NewDecoder(strings.NewReader(string(text)))
	decoder.KnownFields(true)
	if err := decoder.Decode(&c); err != nil && !errors.Is(err, io.EOF) {
		return Config{}, fmt.Errorf("aztoken: %s: %w; aztoken fake --help shows a complete one", name, err)
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return Config{}, fmt.Errorf("aztoken: %s has several documents; keep one", name)
	}
	return c, nil
}

// Machine returns the options of the engine for c. Its errors name the wrong value.
func (c Config) Machine() (fakeazure.Options, error) {
	m := fakeazure.Options{
		TenantID: c.Tenant, Resources: c.Resources, Secret: c.Secret,
		TokenVersion: c.TokenVersion, OptionalClaims: c.OptionalClaims,
		TokenLifetime: time.Duration(c.TokenLifetime), MintAfter: time.Duration(c.MintAfter),
		Tenants: c.Tenants, ProxyCAData: c.ProxyCAData,
	}
	if c.Identities != nil {
		m.Identities = []platform.Identity{}
	}
	for i, id := range c.Identities {
		if err := id.check(); err != nil {
			return m, fmt.Errorf("aztoken: identity %d: %w", i+1, err)
		}
		m.Identities = append(m.Identities, platform.Identity(id))
	}
	for i, a := range c.Applications {
		if err := a.check(); err != nil {
			return m, fmt.Errorf("aztoken: application %d: %w", i+1, err)
		}
		m.Applications = append(m.Applications, a.engine())
	}
	switch {
	case c.Tenant != "" && !guid.Is(c.Tenant):
		return m, fmt.Errorf("aztoken: the tenant %q is not a GUID; set it to one, or leave it out", c.Tenant)
	case slices.ContainsFunc(c.Tenants, func(tenant string) bool { return !guid.Is(tenant) }):
		return m, fmt.Errorf("aztoken: the tenants are %q; set them to GUIDs", c.Tenants)
	case c.TokenVersion < 0 || c.TokenVersion > 2:
		return m, fmt.Errorf("aztoken: the token version is %d; set it to 1 or 2", c.TokenVersion)
	case slices.ContainsFunc(c.OptionalClaims, func(claim string) bool { return claim != "idtyp" }):
		return m, fmt.Errorf("aztoken: the optional claims are %q; set them to idtyp, or none", c.OptionalClaims)
	case m.TokenLifetime != 0 && m.TokenLifetime < time.Second:
		return m, fmt.Errorf("aztoken: the token lifetime is %v; set it to at least 1s", m.TokenLifetime)
	case strings.ContainsFunc(c.Secret, func(r rune) bool { return r <= ' ' || r > '~' }):
		return m, errors.New("aztoken: the secret cannot be sent in a header; use printable ASCII without spaces")
	}
	return m, nil
}

func (id Identity) check() error {
	if err := checkIDs(id.ClientID, id.ObjectID); err != nil {
		return err
	}
	if id.ResourceID != "" && (!strings.HasPrefix(strings.ToLower(id.ResourceID), "/subscriptions/") || strings.HasSuffix(id.ResourceID, "/")) {
		return fmt.Errorf("%q is not a resource id; set it to /subscriptions/…, or leave it out", id.ResourceID)
	}
	return nil
}

func checkIDs(client, object string) error {
	for name, value := range map[string]string{"client id": client, "object id": object} {
		if value != "" && !guid.Is(value) {
			return fmt.Errorf("the %s %q is not a GUID; set it to one, or leave it out", name, value)
		}
	}
	return nil
}
