package fake

import (
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/internal/guard"
)

// controlUsage is what a person gets who opens the control address.
const controlUsage = `POST /break     fault=EntraDown [for=12h]   every token request suffers it, until /recover
POST /next      fault=Status(429) [fault=…]  the next token requests do, one each
POST /recover                                no fault any more
POST /break-keys, /next-keys, /recover-keys  the same for discovery documents and keys
POST /rotate-key                             another key signs; the ones before it stay published
POST /publish-key                            the next key is published ahead of its use
POST /withdraw-keys                          only the key that signs now stays published
POST /rotate-federated-token                 workload identity: a new token is in the file
GET  /status                                 what is in force, and how often the endpoint was asked
GET  /requests, /key-requests                what was asked, oldest first
GET  /certificate                            that of the https side, as PEM, for clients to trust

As in: curl -d 'fault=Status(503).WithRetryAfter(10s)' -d for=10m ADDRESS/break
`

// A Status is what is in force, and what was asked.
type Status struct {
	Fault       string `json:"fault"`      // "OK": none
	KeysFault   string `json:"keys_fault"` // "OK": none
	Requests    int    `json:"requests"`   // for tokens, since the start
	KeyFetches  int    `json:"key_fetches"`
	MaxInFlight int    `json:"max_in_flight"`
}

// A Request is one that the fake was asked, without secrets.
type Request struct {
	Time     time.Time `json:"time"`
	Host     string    `json:"host"`
	Method   string    `json:"method"`
	Path     string    `json:"path"`
	Resource string    `json:"resource,omitempty"`
	Status   int       `json:"status"` // 0: it got no answer
	Fault    string    `json:"fault,omitempty"`
	Minted   bool      `json:"minted"`
}

// Told is r as JSON has it.
func Told(r imdstest.Request) Request {
	return Request{r.Time.UTC(), r.Host, r.Method, r.Path, r.Resource, r.Status, r.Fault, r.Minted}
}

// maxControlBody is far more than any number of faults.
const maxControlBody = 64 << 10

// control answers at the control address. A page of a website cannot use it: it would send an Origin.
func control(machine *imdstest.Server) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte(controlUsage))
	})
	status := func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, Status{
			machine.InForce().String(), machine.KeysInForce().String(),
			machine.Count(), machine.KeyFetches(), machine.MaxInFlight(),
		})
	}
	mux.HandleFunc("GET /status", status)
	for path, requests := range map[string]func() []imdstest.Request{
		"GET /requests": machine.Requests, "GET /key-requests": machine.KeyRequests,
	} {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			all := []Request{} // not nil: JSON has [] then
			for _, r := range requests() {
				all = append(all, Told(r))
			}
			writeJSON(w, all)
		})
	}
	mux.HandleFunc("GET /certificate", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-pem-file")
		_ = pem.Encode(w, &pem.Block{Type: "CERTIFICATE", Bytes: machine.TLSConfig().Certificates[0].Certificate[0]})
	})
	for path, act := range actions(machine) {
		mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) {
			r.Body = http.MaxBytesReader(w, r.Body, maxControlBody)
			if err := r.ParseForm(); err != nil {
				http.Error(w, "aztoken: the form cannot be read: "+err.Error(), http.StatusBadRequest)
				return
			}
			if err := act(r.Form); err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			status(w, r)
		})
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Origin") != "" {
			http.Error(w, "aztoken: the control address is not for pages; use curl or a program", http.StatusForbidden)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// actions are what a POST does, by path.
func actions(machine *imdstest.Server) map[string]func(url.Values) error {
	return map[string]func(url.Values) error{
		"/break":                  breaks(machine.Break, machine.BreakFor),
		"/break-keys":             breaks(machine.BreakKeys, machine.BreakKeysFor),
		"/next":                   scripts(machine.Next),
		"/next-keys":              scripts(machine.NextKeys),
		"/recover":                plain(machine.Recover),
		"/recover-keys":           plain(machine.RecoverKeys),
		"/rotate-key":             plain(machine.RotateKey),
		"/publish-key":            plain(machine.PublishKey),
		"/withdraw-keys":          plain(machine.WithdrawKeys),
		"/rotate-federated-token": plain(machine.RotateFederatedToken),
	}
}

func plain(act func()) func(url.Values) error {
	return func(form url.Values) error {
		if err := only(form); err != nil {
			return err
		}
		// A test may panic where it cannot write a file, a command may not.
		if err := guard.Run(act); err != nil {
			return fmt.Errorf("aztoken: %w", err)
		}
		return nil
	}
}

func breaks(ever func(imdstest.Fault), during func(time.Duration, imdstest.Fault)) func(url.Values) error {
	return func(form url.Values) error {
		if err := only(form, "fault", "for"); err != nil {
			return err
		}
		faults, err := faultsOf(form)
		switch {
		case err != nil:
			return err
		case len(faults) > 1:
			return errors.New("aztoken: one fault is in force at a time; give one, or POST several to next")
		case !form.Has("for"):
			ever(faults[0])
			return nil
		}
		d, err := time.ParseDuration(form.Get("for"))
		if err != nil || d <= 0 {
			return fmt.Errorf("aztoken: for is %q; give a time such as 10m or 12h, or leave it out", form.Get("for"))
		}
		during(d, faults[0])
		return nil
	}
}

func scripts(next func(...imdstest.Fault)) func(url.Values) error {
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

// faultsOf are the faults of a form, at least one.
func faultsOf(form url.Values) ([]imdstest.Fault, error) {
	if len(form["fault"]) == 0 {
		return nil, errors.New("aztoken: no fault is given; write one, as in fault=EntraDown")
	}
	var all []imdstest.Fault
	for _, text := range form["fault"] {
		f, err := imdstest.ParseFault(text)
		if err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	return all, nil
}

// only finds parameters that mean nothing here: a slip would otherwise be a fault for ever.
func only(form url.Values, known ...string) error {
	for name, values := range form {
		switch {
		case !slices.Contains(known, name):
			return fmt.Errorf("aztoken: %.50q means nothing here; GET / tells what does", name)
		case name == "for" && len(values) > 1:
			return errors.New("aztoken: for is there twice; give it once")
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
