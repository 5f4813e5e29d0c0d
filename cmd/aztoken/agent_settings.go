package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-ac726066/aztoken/internal/agent"
	"github.com/seed-ac726066/aztoken/internal/agentfile"
	"github.com/seed-ac726066/aztoken/internal/guid"
	"github.com/seed-ac726066/aztoken/internal/hosts"
)

// agentSettings are what an agent serves, by a file or by flags. A given flag overrides the file.
type agentSettings struct {
	file      string
	listen    []string
	hostnames []string
	metrics   string
	endpoint  string
	store     string
	storeKeys []string
	minLife   time.Duration
	imds, dev bool

	id          string
	identity    agentfile.Identity
	application application
	ratePerSec  int

	given givenFlags
}

// identityFlags describe the single identity of an agent without a file.
var identityFlags = []string{
	"id", "client-id", "object-id", "resource-id", appClientIDFlag, appTenantFlag, "header-file", "env-file", "allow", "warm", "rate",
}

func (s *agentSettings) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&s.file, "config", "", "a file in YAML, for several identities")
	f.StringArrayVar(&s.listen, "listen", nil, "an address, host:port or unix:/path (may be repeated; default "+agentfile.DefaultListen+")")
	f.StringArrayVar(&s.hostnames, "hostname", nil, "a further name by which programs reach it; the first is in the environment (may be repeated)")
	f.StringVar(&s.metrics, "metrics", "", "the address of /healthz, /readyz, /metrics and /statusz (default: that of --listen)")
	f.StringVar(&s.endpoint, "endpoint", "", "base URL of an IMDS to ask, whatever the environment says")
	f.StringVar(&s.store, "store", "", "a directory that keeps tokens across restarts, sealed")
	f.StringArrayVar(&s.storeKeys, "store-key-file", nil, "a file with the 32 bytes of a key of --store (may be repeated: the first seals, all of them open; default: a key that lies in the directory)")
	f.DurationVar(&s.minLife, "min-life", agentfile.DefaultMinLife, "what a warm token has left at least, for /readyz")
	f.BoolVar(&s.imds, "imds", false, "serve IMDS's protocol too, to callers without a secret")
	f.BoolVar(&s.dev, "dev", false, "use your own sign-in in place of a managed identity: Azure CLI, azd or PowerShell")

	f.StringVar(&s.id, "id", "", "the identity to use: a client id, an Azure resource id, or object-id=GUID (default: the host's default identity)")
	f.StringVar(&s.identity.ClientID, "client-id", "", "client id of the identity to use")
	f.StringVar(&s.identity.ObjectID, "object-id", "", "object id (principal id) of the identity; callers may name it by each id that is given")
	f.StringVar(&s.identity.ResourceID, "resource-id", "", "Azure resource id of the identity: /subscriptions/…")
	s.application.addFlags(cmd)
	f.StringVar(&s.identity.HeaderFile, "header-file", "", "a file with the secret that callers show (default: one is made)")
	f.StringVar(&s.identity.EnvFile, "env-file", "", "a file that gets the environment of callers, mode 0600; its secret is used again at the next start")
	f.StringSliceVar(&s.identity.Allow, "allow", nil, "the resources that are served, and no others (with commas, or repeated; default: all)")
	f.StringSliceVar(&s.identity.Warm, "warm", nil, "the resources whose tokens are kept from the start on, whether somebody asks or not (with commas, or repeated)")
	f.IntVar(&s.ratePerSec, "rate", agentfile.DefaultRate, "requests a second by one secret, or with --imds by one address; 0 for no limit")
	for _, flag := range append([]string{"endpoint"}, appFlags...) {
		cmd.MarkFlagsMutuallyExclusive("dev", flag)
	}
	for _, flag := range []string{"client-id", "object-id", "resource-id"} {
		cmd.MarkFlagsMutuallyExclusive("id", flag)
	}
	for _, flag := range []string{"config", "store", "store-key-file", "header-file", "env-file"} {
		completeFiles(cmd, flag)
	}
	s.given = f.Changed
}

// read returns what is to be served. Its errors are mistakes in flags or the file.
func (s *agentSettings) read() (agentfile.Config, error) {
	config := agentfile.Config{Identities: []agentfile.Identity{s.identity}}
	if s.file != "" {
		err := s.given.refuse(identityFlags, s.file)
		if err != nil {
			return config, err
		}
		if config, err = readConfig(s.file, "give the file of the agent, or describe it by flags", agentfile.Read); err != nil {
			return config, err
		}
	} else if err := s.identify(&config.Identities[0]); err != nil {
		return config, err
	}
	s.given.apply(map[string]func(){
		"listen":         func() { config.Listen = s.listen },
		"hostname":       func() { config.Hostnames = s.hostnames },
		"metrics":        func() { config.Metrics = s.metrics },
		"endpoint":       func() { config.Endpoint = s.endpoint },
		"store":          func() { config.Store = s.store },
		"store-key-file": func() { config.StoreKeyFiles = s.storeKeys },
		"min-life":       func() { config.MinLife = s.minLife },
		"imds":           func() { config.IMDS = s.imds },
		"dev":            func() { config.Dev = s.dev },
	})
	return config.Check()
}

// identify completes the identity that flags describe. An id that is given but empty, as from an
// unset variable in a script, must not become the default identity.
func (s *agentSettings) identify(id *agentfile.Identity) error {
	if err := s.given.checkEmpty([]flagValue{
		{"id", s.id}, {"client-id", id.ClientID}, {"object-id", id.ObjectID}, {"resource-id", id.ResourceID},
		{"header-file", id.HeaderFile}, {"env-file", id.EnvFile}, {"endpoint", s.endpoint}, {"store", s.store},
	}); err != nil {
		return err
	}
	if err := s.application.check(s.given); err != nil {
		return err
	}
	if s.application.clientID != "" {
		if !guid.Is(s.application.clientID) {
			return fmt.Errorf("aztoken: --%s: %q is not a GUID; give the client id of the app registration", appClientIDFlag, s.application.clientID)
		}
		if !hosts.IsTenant(s.application.tenant) {
			return fmt.Errorf("aztoken: --%s: %q is not a tenant; give the GUID or a domain of the app registration's", appTenantFlag, s.application.tenant)
		}
		id.Federation = &agentfile.Federation{TenantID: s.application.tenant, ClientID: s.application.clientID}
	}
	if s.given("rate") {
		id.Rate = &s.ratePerSec
	}
	form, value, named := strings.Cut(s.id, "=")
	switch {
	case s.id == "":
	case named && form == "client-id":
		id.ClientID = value
	case named && form == "object-id":
		id.ObjectID = value
	case named && form == "resource-id":
		id.ResourceID = value
	case strings.HasPrefix(s.id, "/"):
		id.ResourceID = s.id
	default:
		id.ClientID = s.id
	}
	return nil
}

// reload serves what the file and the flags say now. Settings that need a restart must be
// unchanged.
func (s *agentSettings) reload(running *agent.Agent) error {
	next, err := s.read()
	if err != nil {
		return err
	}
	now := running.Config()
	if err := needRestart(
		fixed{"listen", slices.Equal(now.Listen, next.Listen)}, fixed{"metrics", now.Metrics == next.Metrics},
		fixed{"store", now.Store == next.Store && slices.Equal(now.StoreKeyFiles, next.StoreKeyFiles)},
	); err != nil {
		return err
	}
	return running.Reload(next)
}

var errOwnListener = errors.New("it would ask itself for tokens")
