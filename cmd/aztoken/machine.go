package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-ac726066/aztoken/internal/fake"
	"github.com/seed-ac726066/aztoken/internal/fakeazure"
)

// machine is what a fake plays, by a file and by flags. A flag overrides the file.
type machine struct {
	file          string
	identities    []string
	roles         []string
	none          bool
	tenant        string
	resources     []string
	lifetime      time.Duration
	mintAfter     time.Duration
	version       int
	claims        []string
	secret, keyAt string

	changed func(flag string) bool
}

func (m *machine) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&m.file, "config", "", `a YAML file with the settings below, for several identities; "-" is stdin`)
	f.StringArrayVar(&m.identities, "identity", nil, "an identity of the machine: client-id=GUID,object-id=GUID,resource-id=/subscriptions/…,system; each part is optional (may be repeated)")
	f.BoolVar(&m.none, "no-identity", false, "a machine without any identity")
	f.StringArrayVar(&m.roles, "role", nil, "RESOURCE=ROLE: an app role that the identities have (may be repeated)")
	f.StringVar(&m.tenant, "tenant", "", "the tenant, a GUID (default "+fakeazure.DefaultTenantID+")")
	f.StringArrayVar(&m.resources, "resource", nil, "a resource that the tenant knows (may be repeated; default: any)")
	f.DurationVar(&m.lifetime, "token-lifetime", 24*time.Hour, "the lifetime of tokens")
	f.DurationVar(&m.mintAfter, "mint-after", time.Hour, "for how long the same token is returned; negative: a new one each time")
	f.IntVar(&m.version, "token-version", 1, "the version of tokens: 1 or 2")
	f.StringSliceVar(&m.claims, "optional-claim", nil, "a claim that the manifests of the resources request: idtyp (default: none, as on Azure)")
	f.StringVar(&m.secret, "secret", "", "the header secret of App Service, container instances, Service Fabric and Azure ML (default: random)")
	f.StringVar(&m.keyAt, "arc-key-dir", "", "where to write Azure Arc's key files (default: the agent's directory, where clients read them)")
	complete(cmd, "token-version", "1", "2")
	complete(cmd, "optional-claim", "idtyp")
	complete(cmd, "resource", resources...)
	completeFiles(cmd, "config")
	completeFiles(cmd, "arc-key-dir")
	cmd.MarkFlagsMutuallyExclusive("identity", "no-identity")
	cmd.MarkFlagsMutuallyExclusive("role", "no-identity")
	m.changed = f.Changed
}

// options returns what the fake plays.
func (m *machine) options(stdin io.Reader) (fakeazure.Options, error) {
	config, err := m.read(stdin)
	if err != nil {
		return fakeazure.Options{}, err
	}
	if config.Identities, err = m.named(config.Identities); err != nil {
		return fakeazure.Options{}, err
	}
	for flag, apply := range map[string]func(){
		"tenant":         func() { config.Tenant = m.tenant },
		"resource":       func() { config.Resources = m.resources },
		"token-lifetime": func() { config.TokenLifetime = fake.Duration(m.lifetime) },
		"mint-after":     func() { config.MintAfter = fake.Duration(m.mintAfter) },
		"token-version":  func() { config.TokenVersion = m.version },
		"optional-claim": func() { config.OptionalClaims = m.claims },
		"secret":         func() { config.Secret = m.secret },
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

// named returns the identities given by flags, or those of the file.
func (m *machine) named(ofFile []fake.Identity) ([]fake.Identity, error) {
	if m.none {
		return []fake.Identity{}, nil
	}
	if len(m.identities) == 0 && len(m.roles) == 0 {
		return ofFile, nil
	}
	if len(m.identities) == 0 && ofFile != nil {
		return nil, usage("aztoken: --role is for identities set by flags; write the roles into %s", m.file)
	}
	roles := map[string][]string{}
	for _, text := range m.roles {
		at := strings.LastIndex(text, "=") // a resource may have one too
		if at <= 0 || at == len(text)-1 {
			return nil, usage("aztoken: --role is %q; set it to RESOURCE=ROLE, as in https://orders.example.com=consumer", text)
		}
		roles[text[:at]] = append(roles[text[:at]], text[at+1:])
	}
	if len(m.identities) == 0 {
		return []fake.Identity{{SystemAssigned: true, Roles: roles}}, nil
	}
	var all []fake.Identity
	for _, text := range m.identities {
		id, err := parseIdentity(text)
		if err != nil {
			return nil, err
		}
		id.Roles = roles
		all = append(all, id)
	}
	return all, nil
}

// parseIdentity reads the value of --identity.
func parseIdentity(text string) (fake.Identity, error) {
	var id fake.Identity
	for part := range strings.SplitSeq(text, ",") {
		name, value, _ := strings.Cut(part, "=")
		switch strings.TrimSpace(name) {
		case "client-id":
			id.ClientID = value
		case "object-id":
			id.ObjectID = value
		case "resource-id":
			id.ResourceID = value
		case "system":
			id.SystemAssigned = true
		case "":
		default:
			return id, usage("aztoken: --identity has %q; use client-id=, object-id=, resource-id= or system, separated by commas", part)
		}
	}
	return id, nil
}
