package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"

	"github.com/VictoriaMetrics/metrics"
	"github.com/spf13/cobra"

	"github.com/seed-ac726066/aztoken/internal/extauth"
	"github.com/seed-ac726066/aztoken/internal/operation"
	"github.com/seed-ac726066/aztoken/internal/statuspage"
)

type guardCommand struct {
	*printer
	settings guardSettings
	service  serviceFlags
}

func newGuard(p *printer) *cobra.Command {
	g := &guardCommand{printer: p}
	cmd := &cobra.Command{
		Use:   "guard",
		Short: "Check tokens for a service behind a reverse proxy",
		Long: `Answers the question of a reverse proxy whether a request may pass (nginx's auth_request, Caddy's forward_auth, Traefik's
ForwardAuth, Envoy's ext_authz) until it is interrupted: by package verify, with Entra ID's keys kept through outages, and
with --key-file also over a restart.

At /check it answers 200 and who calls, in X-Auth-Tenant, X-Auth-Object-Id, X-Auth-Client-Id, X-Auth-Roles, X-Auth-Scopes and
X-Auth-Claims, which are empty where there is nothing to say; 401 or 403 and a challenge; or 503 and Retry-After, if tokens
cannot be checked. At /validate it answers programs that ask by themselves, with the claims as JSON. /healthz, /readyz,
/metrics and /statusz (a page for people) are at the same address, or at that of --metrics.

Without --config there is one rule for all requests, by --role, --scope, --caller and --app-only: all that are given must hold.
With --proxy it also refuses paths that a service may read in two ways. SIGHUP reads the file again, which is taken as a whole
or not at all:

  listen: ["127.0.0.1:16931"]       # or unix:/run/aztoken/guard.sock
  metrics: 127.0.0.1:16933
  proxy: nginx                      # or haproxy, ingress-nginx, traefik, caddy, envoy
  audiences: [api://orders]
  tenants: [aaaaaaaa-0000-4000-8000-000000000000]
  key_file: /var/lib/aztoken/keys.json
  cloud: public                     # or authority: base URL of the keys
  min_life: 5m                      # how long the keys serve at least, for /readyz
  claims: false                     # true: X-Auth-Claims
  rules:
    - host: orders.example          # none: every host that has no rules of its own
      path: /orders/                # a pattern of Go's net/http; the narrowest that fits decides
      methods: [GET, POST]          # none: all. GET has HEAD
      require:                      # one entry must hold, with all its keys
        - {roles: [reader, writer], app_only: true}
        - {scopes: [orders.read], callers: [bbbbbbbb-0000-4000-8000-000000000000]}
      preflight: true               # CORS preflights pass without a token
      lenient: [encoded_slash, semicolon, double_slash, encoded_percent]    # not refused below this path
    - {path: /public/, methods: [GET], open: true}`,
		Example: `  aztoken guard --proxy nginx --audience api://orders --tenant 7e000000-0000-4000-8000-000000000001 --role reader
  aztoken guard --config guard.yaml --key-file /var/lib/aztoken/keys.json
  curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1:16931/validate
  aztoken ready http://127.0.0.1:16931/readyz`,
		Args: cobra.NoArgs,
		RunE: runs(func(cmd *cobra.Command, _ []string) error { return g.serve(cmd) }),
	}
	g.settings.addFlags(cmd)
	g.service.addFlags(cmd)
	return cmd
}

// guardHeader limits the header of a request: a token of 16 KiB, and what else browsers and proxies
// send.
const guardHeader = 64 << 10

func (g *guardCommand) serve(cmd *cobra.Command) error {
	mode, err := g.service.check()
	if err != nil {
		return err
	}
	config, err := g.settings.read()
	if err != nil {
		return usageError{err}
	}
	defer beginService()()
	logger := g.serviceLogger(cmd)
	warn := func(c extauth.Config) {
		for _, warning := range c.Warnings() {
			logger.Warn("aztoken guard: " + warning)
		}
	}
	warn(config)
	listeners, err := operation.Listen(config.Listen, mode, func(err error) { logger.Warn(err.Error()) })
	if err != nil {
		return err
	}
	defer closeAll(listeners)
	options := extauth.Options{Metrics: metrics.NewSet(), Logger: logger}
	running, err := extauth.New(config, options)
	if err != nil {
		return err
	}
	defer running.Close()

	service := g.service.service(logger)
	service.MaxHeader = guardHeader
	pages := operation.Pages{
		Metrics: options.Metrics,
		Ready: func() (bool, any) {
			r := running.Readiness()
			r.Ready = r.Ready && !service.Draining()
			return r.Ready, r
		},
		More: map[string]http.Handler{
			"/statusz": statuspage.Handler(statuspage.Subject{Title: "aztoken guard", Verifier: running.Verifier}),
		},
	}
	handler, own, err := withPages(service, pages, config.Metrics, mode, running)
	if err != nil {
		return err
	}
	defer closeAll(own)
	serveAt(service, listeners, handler)
	service.Reloads = operation.NewReloads(options.Metrics, func(ctx context.Context) error {
		if err := g.settings.reload(ctx, running); err != nil {
			return err
		}
		warn(running.Config())
		return nil
	})
	defer service.Reloads.Stop()
	if err := g.tell(cmd, listeners); err != nil {
		return err
	}
	logger.Info("aztoken guard: serving", slog.Any("addresses", addresses(listeners)))
	return service.Run(cmd.Context())
}

// guardListening is a line of the JSON output.
type guardListening struct {
	Event     string   `json:"event"`
	Addresses []string `json:"addresses"`
}

// tell prints where proxies ask.
func (g *guardCommand) tell(cmd *cobra.Command, listeners []net.Listener) error {
	if g.json() {
		return g.line(cmd.OutOrStdout(), guardListening{"listening", addresses(listeners)})
	}
	for _, l := range listeners {
		where := "http://" + l.Addr().String()
		if l.Addr().Network() == "unix" {
			where = "unix:" + l.Addr().String()
		}
		if _, err := fmt.Fprintln(cmd.OutOrStdout(), where); err != nil {
			return err
		}
	}
	return nil
}
