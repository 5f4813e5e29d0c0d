package main

import (
	"log"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/seed-ac726066/aztoken/internal/fake"
	"github.com/seed-ac726066/aztoken/internal/fakeazure"
)

type fakeCommand struct {
	*printer
	machine machine
	at      fake.Options
	hosts   []string
	shell   string
	quiet   bool
}

func newFake(p *printer) *cobra.Command {
	f := &fakeCommand{printer: p}
	cmd := &cobra.Command{
		Use:   "fake",
		Short: "Run a fake identity endpoint, for local development",
		Long: `Runs a fake identity endpoint of Azure, and the token issuer behind it, until it is interrupted. It is the Go
package imdstest as a program: as strict as the real endpoint, with signed tokens, and with outages on demand. Its
tokens are accepted only by services that trust its keys, as with the option Authority of package verify; the
discovery documents and the keys are at the same address.

It prints the environment that points a program at it, ready to paste, on stdout, and logs each request on stderr.
With --output json each of these is a line of JSON on stdout. It plays every host at once; --host selects whose
environment is printed.

The identities come from flags, or from a YAML file if there are several. Everything in the file is optional:

  tenant: 7e000000-0000-4000-8000-000000000001
  token_lifetime: 24h
  mint_after: 1h              # until then the same token is returned; -1s: a new one each time
  token_version: 1            # 2: with azp, and the issuer at login.microsoftonline.com
  optional_claims: [idtyp]    # as a resource's manifest asks for them; left out: none, as on Azure
  resources: [https://orders.example.com]     # others are unknown; left out: every one is known
  secret: known               # for App Service, container instances, Service Fabric and Azure ML; left out: random
  identities:                 # []: none
    - system_assigned: true
      client_id: c0000000-0000-4000-8000-000000000001
      object_id: 0b000000-0000-4000-8000-000000000001
      resource_id: /subscriptions/…/userAssignedIdentities/orders
      roles:
        https://orders.example.com: [consumer]
  tenants: [7e000000-0000-4000-8000-000000000002]   # further ones that exist
  applications:               # app registrations whose secret is a token of somebody else
    - client_id: a0000000-0000-4000-8000-000000000001
      object_id: 0a000000-0000-4000-8000-000000000001
      token_lifetime: 75m     # 24h for a client with the capability cp1
      tenants: [7e000000-0000-4000-8000-000000000003]   # further ones in which it is installed
      roles:
        https://orders.example.com: [consumer]
      federated_credentials:  # left out: one of the default identity; []: none
        - issuer: https://token.actions.githubusercontent.com
          subject: repo:shop/orders:ref:refs/heads/main
          audience: api://AzureADTokenExchange
  proxy_ca_data: false        # true: identity bindings have AZURE_KUBERNETES_CA_DATA, not _CA_FILE

With applications every environment says where Entra ID is (AZURE_AUTHORITY_HOST), which is over https: set
--listen-tls.

Faults are switched on and off at the control address while it runs; GET it to see how.

With --graph it is a Microsoft Graph too, at the same address, for grant, roles and federate with --endpoint: a
directory with the machine's identities, which is empty otherwise and forgotten at the end, and a sign-in of its own.
Without --identity the machine then also has the user-assigned identity orders-worker.`,
		Example: `  aztoken fake --role https://orders.example.com=consumer
  aztoken token https://orders.example.com --endpoint http://127.0.0.1:16925 | aztoken inspect
  aztoken fake --host app-service --secret known --shell env > app.env
  aztoken fake --listen-tls 127.0.0.1:16927 --host identity-binding
  aztoken fake --listen-tls 127.0.0.1:16927 --host app-service --application client-id=a0000000-0000-4000-8000-000000000001
  aztoken fake --config machine.yaml --token-lifetime 10m
  aztoken fake --graph & aztoken grant --app orders-api --role consumer --to orders-worker --endpoint http://127.0.0.1:16925
  sudo ip addr add 169.254.169.254/32 dev lo && sudo aztoken fake --listen 169.254.169.254:80
  curl -d fault=EntraDown -d for=12h http://127.0.0.1:16926/break`,
		Args: cobra.NoArgs,
		RunE: runs(f.run),
	}
	f.machine.addFlags(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.at.Listen, "listen", "127.0.0.1:16925", "the address of the endpoint")
	flags.StringVar(&f.at.ListenTLS, "listen-tls", "", "the address of the https endpoint, for Service Fabric, workload identity, identity bindings and applications")
	flags.StringVar(&f.at.Control, "control", "127.0.0.1:16926", `the address where faults are switched on and off; "" for none`)
	flags.StringVar(&f.at.Hostname, "hostname", "", "the name at which programs reach it (default: that of --listen)")
	flags.BoolVar(&f.at.Graph, "graph", false, "be a Microsoft Graph too, to try grant, roles and federate without Azure")
	flags.StringSliceVar(&f.hosts, "host", []string{string(fake.IMDS)}, "the hosts whose environment to print: "+list(fake.Hosts())+" or all")
	flags.StringVar(&f.shell, "shell", string(fake.Sh), "the syntax of the environment: "+list(fake.Shells()))
	flags.BoolVar(&f.quiet, "quiet", false, "do not log requests")
	complete(cmd, "host", append(texts(fake.Hosts()), "all")...)
	complete(cmd, "shell", texts(fake.Shells())...)
	return cmd
}

// texts returns values of a string type as strings.
func texts[S ~string](values []S) []string {
	var all []string
	for _, v := range values {
		all = append(all, string(v))
	}
	return all
}

func list[S ~string](values []S) string { return strings.Join(texts(values), ", ") }

// chosen returns the values with the given names. Its error lists all values.
func chosen[S ~string](flag string, names []string, all []S) ([]S, error) {
	var found []S
	for _, name := range names {
		known := false
		for _, v := range all {
			if name == string(v) {
				found, known = append(found, v), true
			}
		}
		if !known {
			return nil, usage("aztoken: --%s is %q; use %s", flag, name, list(all))
		}
	}
	return found, nil
}

func (f *fakeCommand) run(cmd *cobra.Command, _ []string) error {
	if slices.Contains(f.hosts, "all") {
		f.hosts = texts(fake.Hosts())
	}
	hosts, err := chosen("host", f.hosts, fake.Hosts())
	if err != nil {
		return err
	}
	shells, err := chosen("shell", []string{f.shell}, fake.Shells())
	if err != nil {
		return err
	}
	if f.at.Machine, err = f.machine.options(cmd.InOrStdin(), f.at.Graph); err != nil {
		return err
	}
	tell := teller{printer: f.printer, mu: new(sync.Mutex), out: cmd.OutOrStdout(), err: cmd.ErrOrStderr()}
	if !f.quiet {
		f.at.Machine.OnRequest = tell.request
		f.at.OnGraphRequest = tell.graphRequest
	}
	f.at.ErrorLog = log.New(cmd.ErrOrStderr(), "aztoken: ", 0)
	running, err := fake.Listen(f.at)
	if err != nil {
		return err
	}
	defer running.Close()
	environments := map[fake.Host]fakeazure.Environment{}
	for _, h := range hosts {
		if environments[h], err = running.Environment(h); err != nil {
			return err
		}
	}
	if err := tell.listening(running, hosts, environments, shells[0]); err != nil {
		return err
	}
	if err := running.Serve(cmd.Context()); err != nil {
		return err
	}
	say(cmd.ErrOrStderr(), "stopped; token requests: %d", running.Machine.Tokens.Count())
	return nil
}
