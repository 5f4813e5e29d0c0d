package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-ac726066/aztoken/internal/entra"
	"github.com/seed-ac726066/aztoken/internal/extauth"
)

// guardSettings are what a guard serves, by a file or by flags. A given flag overrides the file.
type guardSettings struct {
	file      string
	listen    []string
	metrics   string
	proxy     string
	audiences []string
	tenants   []string
	keyFile   string
	cloud     string
	authority string
	minLife   time.Duration
	claims    bool
	required  extauth.Entry

	given givenFlags
}

// requirementFlags describe the single rule of a guard without a file.
var requirementFlags = []string{"role", "scope", "caller", "app-only"}

func (s *guardSettings) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&s.file, "config", "", "a file in YAML, with rules for hosts and paths")
	f.StringArrayVar(&s.listen, "listen", nil, "an address, host:port or unix:/path (may be repeated; default "+extauth.DefaultListen+")")
	f.StringVar(&s.metrics, "metrics", "", "the address of /healthz, /readyz, /metrics and /statusz (default: that of --listen)")
	f.StringVar(&s.proxy, "proxy", "", "the proxy that asks, whose headers say what the request is: "+list(extauth.Proxies()))
	f.StringSliceVar(&s.audiences, "audience", nil, "an App ID URI or client id of the service (required; may be repeated)")
	f.StringSliceVar(&s.tenants, "tenant", nil, "a tenant whose tokens are accepted, a GUID (required; may be repeated)")
	f.StringVar(&s.keyFile, "key-file", "", "a file that keeps the keys of Entra ID, for a start in an outage")
	f.StringVar(&s.cloud, "cloud", entra.PublicCloud, "the cloud that issues the tokens: public, usgovernment or china")
	f.StringVar(&s.authority, "authority", "", "base URL of the keys (default: the cloud's login host)")
	f.DurationVar(&s.minLife, "min-life", extauth.DefaultMinLife, "how long the keys serve at least, for /readyz")
	f.BoolVar(&s.claims, "claims", false, "give the service the claims of the token too, as JSON in base64url in X-Auth-Claims")
	f.StringSliceVar(&s.required.Roles, "role", nil, "an app role that the token must have (if repeated: one of them)")
	f.StringSliceVar(&s.required.Scopes, "scope", nil, "a scope that the token must have (if repeated: one of them)")
	f.StringSliceVar(&s.required.Callers, "caller", nil, "the object id of a caller, or client id of an application that calls for itself (if repeated: one of them)")
	f.BoolVar(&s.required.AppOnly, "app-only", false, "let only applications in that call for themselves, as managed identities do")
	complete(cmd, "proxy", texts(extauth.Proxies())...)
	complete(cmd, "cloud", entra.Clouds()...)
	for _, flag := range []string{"config", "key-file"} {
		completeFiles(cmd, flag)
	}
	s.given = f.Changed
}

// read returns what is to be served. Its errors are mistakes in flags or the file.
func (s *guardSettings) read() (extauth.Config, error) {
	config := extauth.Config{Required: s.required}
	if err := s.checkEmpty(); err != nil {
		return config, err
	}
	if s.file != "" {
		err := s.given.refuse(requirementFlags, "a rule of "+s.file)
		if err != nil {
			return config, err
		}
		if config, err = readConfig(s.file, "give the file of the guard, or describe one rule by flags", extauth.Read); err != nil {
			return config, err
		}
	}
	s.given.apply(map[string]func(){
		"listen":    func() { config.Listen = s.listen },
		"metrics":   func() { config.Metrics = s.metrics },
		"proxy":     func() { config.Proxy = extauth.Proxy(s.proxy) },
		"audience":  func() { config.Audiences = s.audiences },
		"tenant":    func() { config.Tenants = s.tenants },
		"key-file":  func() { config.KeyFile = s.keyFile },
		"cloud":     func() { config.Cloud = s.cloud },
		"authority": func() { config.Authority = s.authority },
		"min-life":  func() { config.MinLife = s.minLife },
		"claims":    func() { config.Claims = s.claims },
	})
	return config.Check()
}

// checkEmpty finds flags that are given but empty, as from an unset variable in a script: they must
// not mean that nothing is required.
func (s *guardSettings) checkEmpty() error {
	return s.given.checkEmpty([]flagValue{
		{"config", s.file}, {"metrics", s.metrics}, {"proxy", s.proxy}, {"audience", strings.Join(s.audiences, "")}, {"tenant", strings.Join(s.tenants, "")},
		{"key-file", s.keyFile}, {"cloud", s.cloud}, {"authority", s.authority},
		{"role", strings.Join(s.required.Roles, "")}, {"scope", strings.Join(s.required.Scopes, "")}, {"caller", strings.Join(s.required.Callers, "")},
	})
}

// reload serves what the file and the flags say now. Settings that need a restart must be
// unchanged.
func (s *guardSettings) reload(ctx context.Context, running *extauth.Guard) error {
	next, err := s.read()
	if err != nil {
		return err
	}
	now := running.Config()
	if err := needRestart(
		fixed{"listen", slices.Equal(now.Listen, next.Listen)}, fixed{"metrics", now.Metrics == next.Metrics},
		fixed{"key_file", now.KeyFile == next.KeyFile},
	); err != nil {
		return err
	}
	return running.Reload(ctx, next)
}
