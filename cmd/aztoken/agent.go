package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/VictoriaMetrics/metrics"
	"github.com/spf13/cobra"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/internal/agent"
	"github.com/seed-ac726066/aztoken/internal/agentfile"
	"github.com/seed-ac726066/aztoken/internal/envfile"
	"github.com/seed-ac726066/aztoken/internal/fake"
	"github.com/seed-ac726066/aztoken/internal/operation"
	"github.com/seed-ac726066/aztoken/internal/statuspage"
)

type agentCommand struct {
	*printer
	settings agentSettings
	service  serviceFlags
	shell    string
}

func newAgent(p *printer) *cobra.Command {
	a := &agentCommand{printer: p}
	cmd := &cobra.Command{
		Use:   "agent [-- PROGRAM ARGUMENT…]",
		Short: "Serve tokens to programs in every language",
		Long: `Serves an identity endpoint on this machine until it is interrupted: with the refresh, the outage cover and the token
store of the library behind it, and in front of it what every Azure SDK speaks. SDKs find it by the environment that it prints
on stdout, or writes with --env-file. Its callers show a secret (IDENTITY_HEADER), or with --imds none.

With a PROGRAM it starts it in that environment, passes signals on, and ends with its exit status: 128+n if signal n ended it,
127 if it is not there, 126 if it cannot be executed, 125 if the agent itself failed.

SIGHUP reads the file again, which is taken as a whole or not at all. /healthz, /readyz, /metrics and /statusz (a page for
people) are at the same address, or at that of --metrics.

Several identities come from a YAML file. Everything in it but one identity is optional:

  listen: ["127.0.0.1:16930"]       # or unix:/run/aztoken/agent.sock
  hostnames: [agent]                # further names by which programs reach it
  metrics: 127.0.0.1:16932
  endpoint: http://169.254.169.254
  store: /var/lib/aztoken           # tokens outlive a restart in an outage
  store_key_files: [/run/credentials/agent/store.key]
  min_life: 5m                      # what a warm token has left at least, for /readyz
  identities:
    - name: orders                  # in metrics and logs
      client_id: 11111111-1111-4111-8111-111111111111    # or object_id, resource_id; none: the host's default
      federation:                   # an app registration, whose tokens are served in place of the identity's
        tenant_id: 33333333-3333-4333-8333-333333333333
        client_id: 44444444-4444-4444-8444-444444444444
      header_file: /run/secrets/orders                   # the secret; none: the agent makes one
      env_file: /run/aztoken/orders.env
      imds: false                   # true for one at most: callers without a secret get its tokens
      allow: [https://vault.azure.net]
      warm: [https://vault.azure.net]
      rate: 1000                    # requests a second; 0: no limit`,
		Example: `  aztoken agent --allow https://vault.azure.net -- python3 service.py
  aztoken agent --env-file /run/aztoken/agent.env --store /var/lib/aztoken --warm https://vault.azure.net
  aztoken agent --config agent.yaml
  aztoken agent --dev --allow https://management.azure.com --listen 172.17.0.1:16930     # for containers on a laptop
  aztoken ready && echo every warm token is there`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 && cmd.ArgsLenAtDash() != 0 {
				return fmt.Errorf("aztoken: %q is no flag; put -- before a program", args[0])
			}
			return nil
		},
		RunE: runs(a.run),
	}
	a.settings.addFlags(cmd)
	a.service.addFlags(cmd)
	cmd.Flags().StringVar(&a.shell, "shell", string(fake.Sh), "the form of the environment: "+list(fake.Shells()))
	complete(cmd, "shell", texts(fake.Shells())...)
	return cmd
}

func (a *agentCommand) run(cmd *cobra.Command, program []string) error {
	if len(program) == 0 {
		return a.serve(cmd, nil)
	}
	err := a.serve(cmd, program)
	if err != nil && !errors.As(err, new(programEnd)) {
		return programEnd{err, statusAgentFailed}
	}
	return err
}

func (a *agentCommand) serve(cmd *cobra.Command, command []string) error {
	shells, err := chosen("shell", []string{a.shell}, fake.Shells())
	if err != nil {
		return err
	}
	mode, err := a.service.check()
	if err != nil {
		return err
	}
	config, err := a.settings.read()
	if err != nil {
		return usageError{err}
	}
	defer beginService()()
	logger := a.serviceLogger(cmd)
	for _, warning := range config.Warnings() {
		logger.Warn("aztoken agent: " + warning)
	}
	listeners, err := operation.Listen(config.Listen, mode, func(err error) { logger.Warn(err.Error()) })
	if err != nil {
		return err
	}
	defer closeAll(listeners)
	if err := checkUpstream(config, os.Getenv, listeners); err != nil {
		return usageError{err}
	}
	options := agent.Options{Address: firstAddress(listeners), Metrics: metrics.NewSet(), Logger: logger}
	if options.Client, err = clientOptions(config); err != nil {
		return err
	}
	running, err := agent.New(config, options)
	if err != nil {
		return err
	}
	defer running.Close()

	service := a.service.service(logger)
	pages := operation.Pages{
		Metrics: options.Metrics,
		Ready: func() (bool, any) {
			ready, details := running.Ready()
			return ready && !service.Draining(), details
		},
		More: map[string]http.Handler{"/statusz": statusPage(running)},
	}
	handler, own, err := withPages(service, pages, config.Metrics, mode, running)
	if err != nil {
		return err
	}
	defer closeAll(own)
	serveAt(service, listeners, operation.Gate{
		Hostnames: func() []string { return running.Config().Hostnames }, Refuse: operation.Refuse, Next: handler,
	})
	if len(command) > 0 {
		return a.runProgram(cmd, service, running, command)
	}
	service.Reloads = operation.NewReloads(options.Metrics, func(context.Context) error { return a.settings.reload(running) })
	defer service.Reloads.Stop()
	if err := a.tell(cmd, listeners, running, shells[0]); err != nil {
		return err
	}
	logger.Info("aztoken agent: serving", slog.Any("addresses", addresses(listeners)))
	return service.Run(cmd.Context())
}

// statusPage returns the page on the clients of an agent.
func statusPage(running *agent.Agent) http.Handler {
	return statuspage.Handler(statuspage.Subject{Title: "aztoken agent", Clients: func() (all []statuspage.Client) {
		for _, m := range running.Clients() {
			all = append(all, statuspage.Client(m))
		}
		return all
	}})
}

// clientOptions returns what the clients of all identities have in common.
func clientOptions(c agentfile.Config) (aztoken.Options, error) {
	var opts aztoken.Options
	if c.Dev {
		credential, err := newDeveloper()
		if err != nil {
			return opts, err
		}
		opts.Credential = credential
	}
	if c.Store != "" {
		store, err := openStore(c.Store, c.StoreKeyFiles)
		if err != nil {
			return opts, err
		}
		opts.Store = store
	}
	return opts, nil
}

// agentListening is a line of the JSON output.
type agentListening struct {
	Event       string                         `json:"event"`
	Addresses   []string                       `json:"addresses"`
	Environment map[string]envfile.Environment `json:"environment"`
}

// tell prints the environment of the callers whose secret is not in a file: a service's output is
// kept in a log.
func (a *agentCommand) tell(cmd *cobra.Command, listeners []net.Listener, running *agent.Agent, shell fake.Shell) error {
	environments := running.Environments()
	for _, id := range running.Config().Identities {
		if id.EnvFile != "" || id.HeaderFile != "" {
			environments[id.Name] = environments[id.Name].WithoutSecrets()
		}
	}
	if a.json() {
		return a.line(cmd.OutOrStdout(), agentListening{"listening", addresses(listeners), environments})
	}
	var b strings.Builder
	for _, id := range running.Config().Identities {
		fmt.Fprintf(&b, "# %s\n", id.Name)
		switch {
		case id.EnvFile != "":
			fmt.Fprintf(&b, "# with the secret in %s\n", id.EnvFile)
		case id.HeaderFile != "":
			fmt.Fprintf(&b, "# with IDENTITY_HEADER and MSI_SECRET as in %s\n", id.HeaderFile)
		}
		b.WriteString(shell.Assignments(map[string]string(environments[id.Name])))
	}
	_, err := fmt.Fprint(cmd.OutOrStdout(), b.String())
	return err
}

func firstAddress(listeners []net.Listener) net.Addr {
	i := slices.IndexFunc(listeners, func(l net.Listener) bool { return l.Addr().Network() == "tcp" })
	if i < 0 {
		return nil
	}
	return listeners[i].Addr()
}

// background is a context that a signal does not end.
func background(cmd *cobra.Command) context.Context { return context.WithoutCancel(cmd.Context()) }
