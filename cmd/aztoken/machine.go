package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-ac726066/aztoken/internal/fake"
	"github.com/seed-ac726066/aztoken/internal/fakeazure"
)

// machine is what a fake simulates, by a file and by flags. A flag overrides the file.
type machine struct {
	file          string
	identities    []string
	applications  []string
	roles         []string
	none          bool
	tenant        string
	resources     []string
	lifetime      time.Duration
	mintAfter     time.Duration
	version       int
	claims        []string
	secret, keyAt string
	caData        bool

	changed func(flag string) bool
}

func (m *machine) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&m.file, "config", "", `a YAML file with the settings below, for several identities; "-" is stdin`)
	f.StringArrayVar(&m.identities, "identity", nil, "an identity of the machine: name=NAME (a user-assigned one),client-id=GUID,object-id=GUID,resource-id=/subscriptions/…,system; each part is optional (may be repeated)")
	f.StringArrayVar(&m.applications, "application", nil, `an app registration that trusts the default identity, or whom it says: client-id=GUID,object-id=GUID,tenant=GUID,issuer=URL,subject=TEXT,audience=URI; each part is optional, "" is one with defaults (may be repeated)`)
	f.BoolVar(&m.none, "no-identity", false, "a machine without any identity")
	f.StringArrayVar(&m.roles, "role", nil, "RESOURCE=ROLE: an app role that the identities and applications have (may be repeated)")
	f.StringVar(&m.tenant, "tenant", "", "the tenant, a GUID (default "+fakeazure.DefaultTenantID+")")
	f.StringArrayVar(&m.resources, "resource", nil, "a resource that the tenant knows (may be repeated; default: any)")
	f.DurationVar(&m.lifetime, "token-lifetime", 24*time.Hour, "the lifetime of tokens")
	f.DurationVar(&m.mintAfter, "mint-after", time.Hour, "for how long the same token is returned; negative: a new one each time")
	f.IntVar(&m.version, "token-version", 1, "the version of tokens: 1 or 2")
	f.StringSliceVar(&m.claims, "optional-claim", nil, "a claim that the manifests of the resources request: idtyp (default: none, as on Azure)")
	f.StringVar(&m.secret, "secret", "", "the header secret of App Service, container instances, Service Fabric and Azure ML (default: random)")
	f.StringVar(&m.keyAt, "arc-key-dir", "", "where to write Azure Arc's key files (default: the agent's directory, where clients read them)")
	f.BoolVar(&m.caData, "proxy-ca-data", false, "identity bindings: the certificate authority of the proxy in a variable, not in a file")
	complete(cmd, "token-version", "1", "2")
	complete(cmd, "optional-claim", "idtyp")
	complete(cmd, "resource", resources...)
	completeFiles(cmd, "config")
	completeFiles(cmd, "arc-key-dir")
	cmd.MarkFlagsMutuallyExclusive("identity", "no-identity")
	cmd.MarkFlagsMutuallyExclusive("role", "no-identity")
	m.changed = f.Changed
}

// worker is the user-assigned identity of a machine that has a directory: there must be one whose
// role or federation can be tried.
const worker = "orders-worker"

// options returns what the fake simulates, with or without a directory.
func (m *machine) options(stdin io.Reader, directory bool) (fakeazure.Options, error) {
	config, err := m.read(stdin)
	if err != nil {
		return fakeazure.Options{}, err
	}
	roles, err := m.parseRoles()
	if err != nil {
		return fakeazure.Options{}, err
	}
	if config.Identities, err = m.named(config.Identities, roles); err != nil {
		return fakeazure.Options{}, err
	}
	if config.Applications, err = m.registered(config.Applications, roles); err != nil {
		return fakeazure.Options{}, err
	}
	if directory && !m.none && len(m.identities) == 0 && m.file == "" {
		if config.Identities == nil {
			config.Identities = []fake.Identity{{SystemAssigned: true}}
		}
		config.Identities = append(config.Identities, fake.Identity{ResourceID: fake.UserAssigned(worker), Roles: roles})
	}
	for flag, apply := range map[string]func(){
		"tenant":         func() { config.Tenant = m.tenant },
		"resource":       func() { config.Resources = m.resources },
		"token-lifetime": func() { config.TokenLifetime = fake.Duration(m.lifetime) },
		"mint-after":     func() { config.MintAfter = fake.Duration(m.mintAfter) },
		"token-version":  func() { config.TokenVersion = m.version },
		"optional-claim": func() { config.OptionalClaims = m.claims },
		"secret":         func() { config.Secret = m.secret },
		"proxy-ca-data":  func() { config.ProxyCAData = m.caData },
	} {
		if m.changed(flag) {
			apply()
		}
	}
	options, err := config.Machine()
	options.ArcKeyDir = m.keyAt
	return options, err
}

func (m *machine) read(stdin io.Reader) (fake.Config, error) {
	switch m.file {
	case "":
		return fake.Config{}, nil
	case "-":
		return fake.ReadConfig(stdin, "stdin")
	}
	file, err := os.Open(m.file)
	if err != nil {
		return fake.Config{}, fmt.Errorf("aztoken: %w; set --config to the file of the fake, or use flags", err)
	}
	defer file.Close()
	return fake.ReadConfig(file, m.file)
}

// parseRoles returns the values of --role.
func (m *machine) parseRoles() (map[string][]string, error) {
	roles := map[string][]string{}
	for _, text := range m.roles {
		at := strings.LastIndex(text, "=") // a resource may have one too
		if at <= 0 || at == len(text)-1 {
			return nil, usage("aztoken: --role is %q; set it to RESOURCE=ROLE, as in https://orders.example.com=consumer", text)
		}
		roles[text[:at]] = append(roles[text[:at]], text[at+1:])
	}
	return roles, nil
}

// named returns the identities given by flags, or those of the file.
func (m *machine) named(ofFile []fake.Identity, roles map[string][]string) ([]fake.Identity, error) {
	if m.none {
		return []fake.Identity{}, nil
	}
	if len(m.identities) == 0 && len(roles) == 0 {
		return ofFile, nil
	}
	if len(m.identities) == 0 && ofFile != nil {
		return nil, usage("aztoken: --role is for identities set by flags; write the roles into %s", m.file)
	}
	if len(m.identities) == 0 {
		return []fake.Identity{{SystemAssigned: true, Roles: roles}}, nil
	}
	var all []fake.Identity
	for _, text := range m.identities {
		id := fake.Identity{Roles: roles}
		if err := parseParts("identity", text, map[string]func(string){
			"name":        func(v string) { id.ResourceID = fake.UserAssigned(v) },
			"client-id":   func(v string) { id.ClientID = v },
			"object-id":   func(v string) { id.ObjectID = v },
			"resource-id": func(v string) { id.ResourceID = v },
			"system":      func(string) { id.SystemAssigned = true },
		}); err != nil {
			return nil, err
		}
		all = append(all, id)
	}
	return all, nil
}

// registered returns the applications given by flags, or those of the file.
func (m *machine) registered(ofFile []fake.Application, roles map[string][]string) ([]fake.Application, error) {
	if len(m.applications) == 0 {
		return ofFile, nil
	}
	var all []fake.Application
	for _, text := range m.applications {
		app := fake.Application{Roles: roles}
		var trusted fake.FederatedCredential
		if err := parseParts("application", text, map[string]func(string){
			"client-id": func(v string) { app.ClientID = v },
			"object-id": func(v string) { app.ObjectID = v },
			"tenant":    func(v string) { app.Tenants = append(app.Tenants, v) },
			"issuer":    func(v string) { trusted.Issuer = v },
			"subject":   func(v string) { trusted.Subject = v },
			"audience":  func(v string) { trusted.Audience = v },
		}); err != nil {
			return nil, err
		}
		app.FederatedCredentials = []fake.FederatedCredential{trusted}
		all = append(all, app)
	}
	return all, nil
}

// parseParts reads the value of a flag that has several parts, by name.
func parseParts(flag, text string, set map[string]func(string)) error {
	for part := range strings.SplitSeq(text, ",") {
		name, value, _ := strings.Cut(part, "=")
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		if set[name] == nil {
			known := slices.Sorted(maps.Keys(set))
			return usage("aztoken: --%s has %q; use %s, separated by commas", flag, part, strings.Join(known, ", "))
		}
		set[name](value)
	}
	return nil
}
