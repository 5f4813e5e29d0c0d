package fake

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/seed-ac726066/aztoken/internal/fakeazure"
	"github.com/seed-ac726066/aztoken/internal/fakeazure/fault"
	"github.com/seed-ac726066/aztoken/internal/fakeazure/wirelog"
	"github.com/seed-ac726066/aztoken/internal/fakegraph"
)

// controlUsage is the page at the control address.
const controlUsage = `POST /break     fault=EntraDown [for=12h]   all token requests fail, until /recover
POST /next      fault=Status(429) [fault=…]  the next token requests fail, one per fault
POST /recover                                end all faults
POST /break-keys, /next-keys, /recover-keys  the same for discovery documents and keys
POST /rotate-key                             sign with a new key; the old ones stay published
POST /publish-key                            publish the next key before it is used
POST /withdraw-keys                          withdraw all keys except the current one
POST /rotate-federated-token                 workload identity: write new tokens to the files
POST /rotate-proxy-ca                        identity bindings: a new certificate authority, in the file too
GET  /status                                 current faults, and the number of requests
GET  /requests, /key-requests                all requests, oldest first
GET  /certificate                            the certificate of the https endpoint, as PEM

Example: curl -d 'fault=Status(503).WithRetryAfter(10s)' -d for=10m ADDRESS/break
`

// Status has the current faults and the counts of requests.
type Status struct {
	Fault       string `json:"fault"`      // "OK": none
	KeysFault   string `json:"keys_fault"` // "OK": none
	Requests    int    `json:"requests"`   // for tokens, since the start
	KeyFetches  int    `json:"key_fetches"`
	MaxInFlight int    `json:"max_in_flight"`
}

// Request is a request that the fake received, without secrets.
type Request struct {
	Time     time.Time `json:"time"`
	Host     string    `json:"host"`
	Method   string    `json:"method"`
	Path     string    `json:"path"`
	Resource string    `json:"resource,omitempty"`
	Status   int       `json:"status"` // 0: no answer
	Fault    string    `json:"fault,omitempty"`
	Minted   bool      `json:"minted"`
}

// ToJSON returns r in the form that the command writes.
func ToJSON(r wirelog.Request) Request {
	return Request{r.Time.UTC(), r.Host, r.Method, r.Path, r.Resource, r.Status, r.Fault, r.Minted}
}

// GraphRequest returns a request to the fake Graph in the same form.
func GraphRequest(r fakegraph.Request) Request {
	return Request{Time: r.Time.UTC(), Host: "Microsoft Graph", Method: r.Method, Path: r.Path, Status: r.Status}
}

// maxControlBody is far more than any number of faults.
const maxControlBody = 64 << 10

// control returns the handler of the control address. A web page cannot use it, as it would send an
// Origin.
func control(machine *fakeazure.Server) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte(controlUsage))
	})
	status := func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, Status{
			machine.Tokens.CurrentFault().String(), machine.Documents.CurrentFault().String(),
			machine.Tokens.Count(), machine.Documents.KeyFetches(), machine.Tokens.MaxInFlight(),
		})
	}
	mux.HandleFunc("GET /status", status)
	for path, requests := range map[string]func() []wirelog.Request{
		"GET /requests": machine.Tokens.Requests, "GET /key-requests": machine.Documents.Requests,
	} {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			all := []Request{} // not nil: JSON has [] then
			for _, r := range requests() {
				all = append(all, ToJSON(r))
			}
			writeJSON(w, all)
		})
	}
	mux.HandleFunc("GET /certificate", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-pem-file")
		_, _ = w.Write(machine.Certificate().PEM())
	})
	for path, act := range actions(machine) {
		mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) {
			r.Body = http.MaxBytesReader(w, r.Body, maxControlBody)
			if err := r.ParseForm(); err != nil {
				http.Error(w, "aztoken: reading the form: "+err.Error(), http.StatusBadRequest)
				return
			}
			if err := act(r.Form); err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			status(w, r)
		})
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Allow", http.MethodPost)
			http.Error(w, "aztoken: "+path+" takes POST, as in: "+example(path, r.Host)+"; GET / lists all paths", http.StatusMethodNotAllowed)
		})
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Origin") != "" {
			http.Error(w, "aztoken: the control address is not for web pages; use curl or a program", http.StatusForbidden)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// example returns a command that posts to a path.
func example(path, host string) string {
	form := "-X POST"
	if strings.HasPrefix(path, "/break") || strings.HasPrefix(path, "/next") {
		form = "-d fault=EntraDown"
	}
	return "curl " + form + " http://" + host + path
}

// actions returns what a POST does, by path.
func actions(machine *fakeazure.Server) map[string]func(url.Values) error {
	tokens, documents, issuer := &machine.Tokens, &machine.Documents, machine.Issuer()
	return map[string]func(url.Values) error{
		"/break":                  breaks(&tokens.Script),
		"/break-keys":             breaks(&documents.Script),
		"/next":                   scripts(tokens.Next),
		"/next-keys":              scripts(documents.NextKeys),
		"/recover":                plain(tokens.Recover),
		"/recover-keys":           plain(documents.Recover),
		"/rotate-key":             plain(issuer.RotateKey),
		"/publish-key":            plain(issuer.PublishKey),
		"/withdraw-keys":          plain(issuer.WithdrawKeys),
		"/rotate-federated-token": failing(machine.RotateFederatedToken),
		"/rotate-proxy-ca":        failing(machine.TokenProxy.RotateCA),
	}
}

func plain(act func()) func(url.Values) error {
	return failing(func() error { act(); return nil })
}

func failing(act func() error) func(url.Values) error {
	return func(form url.Values) error {
		if err := only(form); err != nil {
			return err
		}
		if err := act(); err != nil {
			return fmt.Errorf("aztoken: %w", err)
		}
		return nil
	}
}

func breaks(script *fault.Script) func(url.Values) error {
	return func(form url.Values) error {
		if err := only(form, "fault", "for"); err != nil {
			return err
		}
		faults, err := faultsOf(form)
		switch {
		case err != nil:
			return err
		case len(faults) > 1:
			return errors.New("aztoken: only one fault can last; send one, or POST several to /next")
		case !form.Has("for"):
			script.Break(faults[0])
			return nil
		}
		d, err := time.ParseDuration(form.Get("for"))
		if err != nil || d <= 0 {
			return fmt.Errorf("aztoken: for is %q; set it to a duration such as 10m or 12h, or leave it out", form.Get("for"))
		}
		script.BreakFor(d, faults[0])
		return nil
	}
}

func scripts(next func(...fault.Fault)) func(url.Values) error {
	return func(form url.Values) error {
		if err := only(form, "fault"); err != nil {
			return err
		}
		faults, err := faultsOf(form)
		if err == nil {
			next(faults...)
		}
		return err
	}
}

// faultsOf returns the faults of a form, at least one.
func faultsOf(form url.Values) ([]fault.Fault, error) {
	if len(form["fault"]) == 0 {
		return nil, errors.New("aztoken: no fault; set one, as in fault=EntraDown")
	}
	var all []fault.Fault
	for _, text := range form["fault"] {
		f, err := fault.Parse(text)
		if err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	return all, nil
}

// only returns an error for unknown parameters: with a typo in "for" a fault would never end.
func only(form url.Values, known ...string) error {
	for name, values := range form {
		switch {
		case !slices.Contains(known, name):
			return fmt.Errorf("aztoken: unknown parameter %.50q; GET / lists all", name)
		case name == "for" && len(values) > 1:
			return errors.New("aztoken: for is set twice; set it once")
		}
	}
	return nil
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(v)
}
