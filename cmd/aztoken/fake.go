package main

import (
	"fmt"
	"io"
	"log"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/seed-ac726066/aztoken/internal/fake"
	"github.com/seed-ac726066/aztoken/internal/fakeazure"
	"github.com/seed-ac726066/aztoken/internal/fakeazure/wirelog"
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

Faults are switched on and off at the control address while it runs; GET it to see how.`,
		Example: `  aztoken fake --role https://orders.example.com=consumer
  aztoken token https://orders.example.com --endpoint http://127.0.0.1:16925 | aztoken inspect
  aztoken fake --host app-service --secret known --shell env > app.env
  aztoken fake --listen-tls 127.0.0.1:16927 --host workload-identity
  aztoken fake --config machine.yaml --token-lifetime 10m
  sudo ip addr add 169.254.169.254/32 dev lo && sudo aztoken fake --listen 169.254.169.254:80
  curl -d fault=EntraDown -d for=12h http://127.0.0.1:16926/break`,
		Args: cobra.NoArgs,
		RunE: runs(f.run),
	}
	f.machine.addFlags(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.at.Listen, "listen", "127.0.0.1:16925", "the address of the endpoint")
	flags.StringVar(&f.at.ListenTLS, "listen-tls", "", "the address of the https endpoint, for Service Fabric and workload identity")
	flags.StringVar(&f.at.Control, "control", "127.0.0.1:16926", `the address where faults are switched on and off; "" for none`)
	flags.StringVar(&f.at.Hostname, "hostname", "", "the name at which programs reach it (default: that of --listen)")
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
	if f.at.Machine, err = f.machine.options(cmd.InOrStdin()); err != nil {
		return err
	}
	tell := teller{printer: f.printer, mu: new(sync.Mutex), out: cmd.OutOrStdout(), err: cmd.ErrOrStderr()}
	if !f.quiet {
		f.at.Machine.OnRequest = tell.request
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

// A teller writes what a fake does. Its methods are called concurrently.
type teller struct {
	*printer
	mu       *sync.Mutex
	out, err io.Writer
}

// fakeListening and fakeRequest are lines of the JSON output.
type fakeListening struct {
	Event       string                              `json:"event"`
	URL         string                              `json:"url"`
	SecureURL   string                              `json:"secure_url,omitempty"`
	ControlURL  string                              `json:"control_url,omitempty"`
	Environment map[fake.Host]fakeazure.Environment `json:"environment"`
}

type fakeRequest struct {
	Event string `json:"event"`
	fake.Request
}

func (t teller) listening(f *fake.Fake, hosts []fake.Host, environments map[fake.Host]fakeazure.Environment, shell fake.Shell) error {
	if t.json() {
		return t.line(t.out, fakeListening{"listening", f.URL, f.SecureURL, f.ControlURL, environments})
	}
	var b strings.Builder
	for _, h := range hosts {
		fmt.Fprintf(&b, "# %s\n%s", h.Title(), shell.Assignments(environments[h]))
	}
	if _, err := io.WriteString(t.out, b.String()); err != nil {
		return err
	}
	also := ""
	if f.SecureURL != "" {
		also = " and " + f.SecureURL
	}
	say(t.err, "identity endpoint at %s%s; Ctrl-C ends it", f.URL, also)
	if f.ControlURL != "" {
		say(t.err, "control address for faults: %s, as in: curl -d fault=EntraDown %s/break", f.ControlURL, f.ControlURL)
	}
	return nil
}

func (t teller) request(r wirelog.Request) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.json() {
		_ = t.line(t.out, fakeRequest{"request", fake.ToJSON(r)})
		return
	}
	say(t.err, "%s", summary(r))
}

// summary returns a request in one line for people.
func summary(r wirelog.Request) string {
	line := r.Time.Local().Format("15:04:05") + " "
	if r.Host == "" {
		line += "no host: "
	} else {
		line += r.Host + ": "
	}
	line += r.Method + " "
	if r.Resource == "" {
		line += r.Path
	} else {
		line += "token for " + r.Resource
	}
	if r.Status == 0 {
		line += ", no answer"
	} else {
		line += fmt.Sprintf(", %d", r.Status)
	}
	if r.Minted {
		line += ", new token"
	}
	if r.Fault != "" {
		line += ", fault " + r.Fault
	}
	return printableASCII(line) // a client may ask for anything
}
