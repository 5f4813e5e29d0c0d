package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-ac726066/aztoken/internal/doctor"
	"github.com/seed-ac726066/aztoken/internal/hosts"
	"github.com/seed-ac726066/aztoken/internal/wire"
)

type doctorCommand struct {
	*printer
	source
	storage
	role string
}

func newDoctor(p *printer) *cobra.Command {
	d := &doctorCommand{printer: p}
	cmd := &cobra.Command{
		Use:   "doctor RESOURCE",
		Short: "Diagnose why a token is missing or rejected",
		Long: `Detects the host, requests a token for RESOURCE from its identity endpoint, and checks step by step:

  host       which host is this, and does it take this kind of id?
  reachable  does its endpoint answer?
  direct     does the endpoint itself answer, without a proxy?
  request    does it accept the request and its header?
  identity   does the host have the identity?
  resource   does the tenant know the resource?
  token      is there a token?
  clock      is the clock of this machine right?
  cache      does the platform cache tokens?
  exchange   with --app-client-id: does Entra take the identity's token for the application's credential?
  role       is the role in the token?
  store      with --store: are there tokens in the directory, do they open, and until when are they valid?

Each line has ✓ or ✗ and the time it took; a line with → tells how to fix a failure. Checks that depend on a
failed one are skipped (–). The exit status is 0 only if all succeed. The endpoint gets two or three requests; no
token is printed.`,
		Example: `  aztoken doctor https://vault.azure.net
  aztoken doctor https://orders.example.com --role consumer
  aztoken doctor https://orders.example.com --client-id 0d46c104-0000-4000-8000-000000000001 --output json
  aztoken doctor https://orders.example.com --store /var/lib/orders/tokens
  aztoken doctor https://graph.microsoft.com --app-client-id $APP --app-tenant $TENANT`,
		Args: oneResource, ValidArgsFunction: completeResource,
		RunE: runs(d.run),
	}
	d.addFlags(cmd)
	d.addStoreFlags(cmd)
	cmd.Flags().StringVar(&d.role, "role", "", "an app role that the token must have")
	return cmd
}

func (d *doctorCommand) run(cmd *cobra.Command, args []string) error {
	if err := d.check(); err != nil {
		return err
	}
	store, err := d.open()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), d.timeout)
	defer cancel()
	out := cmd.OutOrStdout()
	report := doctor.Run(ctx, doctor.Options{
		Resource: args[0], ID: d.hostID(), Endpoint: d.endpoint, Role: d.role, Store: store,
		Getenv: os.Getenv, Files: hosts.FindArcFiles(runtime.GOOS, os.Getenv), Proxy: http.ProxyFromEnvironment,
		Flag: d.flag, Application: d.app(),
	}, func(c doctor.Check) {
		if !d.json() {
			writeCheck(out, c)
		}
	})
	if d.json() {
		if err := d.print(out, newDoctorResult(args[0], report), nil); err != nil {
			return err
		}
	}
	switch n := report.Failures(); {
	case n == 0:
		return nil
	case d.json():
		return fmt.Errorf("aztoken: checks failed: %d; the member fix of each tells what to do", n)
	default:
		return fmt.Errorf("aztoken: checks failed: %d; the line after each ✗ tells what to do", n)
	}
}

// app returns the app registration that the flags name, in the form of internal/doctor.
func (d *doctorCommand) app() *doctor.Application {
	if d.application.clientID == "" {
		return nil
	}
	return &doctor.Application{TenantID: d.application.tenant, ClientID: d.application.clientID}
}

// hostID returns the identity that the flags name, in the form of internal/hosts.
func (s *source) hostID() hosts.ID {
	switch {
	case s.changed("client-id"):
		return hosts.ID{Kind: hosts.ClientID, Value: s.clientID}
	case s.changed("object-id"):
		return hosts.ID{Kind: hosts.ObjectID, Value: s.objectID}
	case s.changed("resource-id"):
		return hosts.ID{Kind: hosts.ResourceID, Value: s.resourceID}
	}
	return hosts.ID{}
}

var marks = map[doctor.Status]string{doctor.OK: "✓", doctor.Failed: "✗", doctor.Skipped: "–"}

// writeCheck writes a check as soon as it is made: some take seconds.
func writeCheck(w io.Writer, c doctor.Check) {
	took := ""
	if c.Took > 0 {
		took = lap(c.Took)
	}
	detail := wire.Redact(c.Detail)
	if c.Status == doctor.Skipped {
		detail = "skipped"
	}
	_, _ = fmt.Fprintf(w, "%s %-9s %8s  %s\n", marks[c.Status], c.Name, took, detail)
	if c.Fix != "" {
		_, _ = fmt.Fprintf(w, "  → %s\n", wire.Redact(c.Fix))
	}
}

// lap returns the time of a step, to a tenth of a millisecond.
func lap(d time.Duration) string {
	return fmt.Sprintf("%.1fms", max(0.1, float64(d)/float64(time.Millisecond)))
}

type doctorResult struct {
	Resource string        `json:"resource"`
	Well     bool          `json:"well"`
	Host     doctorHost    `json:"host"`
	Checks   []doctorCheck `json:"checks"`
}

type doctorHost struct {
	Kind     string `json:"kind"`
	Endpoint string `json:"endpoint"`
	Why      string `json:"why"`
}

type doctorCheck struct {
	Name   string  `json:"name"`
	Status string  `json:"status"`
	Detail string  `json:"detail,omitempty"`
	Fix    string  `json:"fix,omitempty"`
	Took   float64 `json:"took_ms"`
}

func newDoctorResult(resource string, r doctor.Report) doctorResult {
	result := doctorResult{
		Resource: resource, Well: r.Failures() == 0,
		Host: doctorHost{r.Kind, r.Endpoint, wire.Redact(r.Why)}, Checks: []doctorCheck{},
	}
	for _, c := range r.Checks {
		took := float64(c.Took.Round(100*time.Microsecond)) / float64(time.Millisecond)
		result.Checks = append(result.Checks, doctorCheck{c.Name, string(c.Status), wire.Redact(c.Detail), wire.Redact(c.Fix), took})
	}
	return result
}
