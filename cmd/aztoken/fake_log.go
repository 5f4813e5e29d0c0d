package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/seed-ac726066/aztoken/internal/fake"
	"github.com/seed-ac726066/aztoken/internal/fakeazure"
	"github.com/seed-ac726066/aztoken/internal/fakeazure/wirelog"
	"github.com/seed-ac726066/aztoken/internal/fakegraph"
)

// A teller reports what a fake does. Its methods are called concurrently.
type teller struct {
	*printer
	mu       *sync.Mutex
	out, err io.Writer
}

// fakeListening and fakeRequest are lines of the JSON output.
type fakeListening struct {
	Event      string `json:"event"`
	URL        string `json:"url"`
	SecureURL  string `json:"secure_url,omitempty"`
	ControlURL string `json:"control_url,omitempty"`
	// GraphURL is for --endpoint of grant, roles and federate.
	GraphURL    string                              `json:"graph_url,omitempty"`
	Environment map[fake.Host]fakeazure.Environment `json:"environment"`
}

type fakeRequest struct {
	Event string `json:"event"`
	fake.Request
}

func (t teller) listening(f *fake.Fake, hosts []fake.Host, environments map[fake.Host]fakeazure.Environment, shell fake.Shell) error {
	graphURL := ""
	if f.Graph != nil {
		graphURL = f.URL
	}
	if t.json() {
		return t.line(t.out, fakeListening{"listening", f.URL, f.SecureURL, f.ControlURL, graphURL, environments})
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
	if f.Graph != nil {
		var names []string
		for _, p := range f.Graph.Principals() {
			names = append(names, printableASCII(p.DisplayName))
		}
		say(t.err, "Microsoft Graph for grant, roles and federate: --endpoint %s; managed identities: %s", graphURL, cmp.Or(strings.Join(names, ", "), "none"))
	}
	return nil
}

func (t teller) request(r wirelog.Request) { t.tell(fake.ToJSON(r), summary(r)) }

func (t teller) graphRequest(r fakegraph.Request) {
	q := fake.GraphRequest(r)
	t.tell(q, printableASCII(fmt.Sprintf("%s %s: %s %s, %d", q.Time.Local().Format("15:04:05"), q.Host, q.Method, q.Path, q.Status)))
}

// tell writes a request, or its line for people.
func (t teller) tell(r fake.Request, line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.json() {
		_ = t.line(t.out, fakeRequest{"request", r})
		return
	}
	say(t.err, "%s", line)
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
