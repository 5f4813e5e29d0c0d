package verify_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// issuer is an Entra ID without a socket. It publishes the keys that a test sets, fails as the test
// wants, and keeps what it was asked.
type issuer struct {
	mu       sync.Mutex
	keys     string // the key document
	config   string // the discovery document; "": the right one for whoever asks
	fault    fault
	slow     time.Duration // how long each answer takes
	requests []asked
}

// asked is a request that an issuer got.
type asked struct {
	url string
	at  time.Time
}

// fault answers in place of an issuer; a nil answer without an error leaves it to the issuer.
type fault func(*http.Request) (*http.Response, error)

// issue returns an issuer that publishes keys.
func issue(keys ...any) *issuer {
	i := &issuer{}
	i.publish(keys...)
	return i
}

func (i *issuer) publish(keys ...any) {
	document, err := json.Marshal(map[string]any{"keys": keys})
	if err != nil {
		panic(err)
	}
	i.publishText(string(document))
}

func (i *issuer) publishText(document string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys = document
}

func (i *issuer) discover(document string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.config = document
}

// fail makes every request end with f; nil mends it.
func (i *issuer) fail(f fault) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.fault = f
}

func (i *issuer) delay(d time.Duration) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.slow = d
}

// asks are the requests so far whose URL contains part.
func (i *issuer) asks(part string) (found []asked) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, r := range i.requests {
		if strings.Contains(r.url, part) {
			found = append(found, r)
		}
	}
	return found
}

// tries is how many fetches were begun, and fetches how many got as far as the keys.
func (i *issuer) tries() int   { return len(i.asks("/.well-known/openid-configuration")) }
func (i *issuer) fetches() int { return len(i.asks("/discovery/v2.0/keys")) }

func (i *issuer) RoundTrip(r *http.Request) (*http.Response, error) {
	i.mu.Lock()
	i.requests = append(i.requests, asked{r.URL.String(), time.Now()})
	keys, config, fail, slow := i.keys, i.config, i.fault, i.slow
	i.mu.Unlock()
	if slow > 0 {
		select {
		case <-time.After(slow):
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	if fail != nil {
		if resp, err := fail(r); resp != nil || err != nil {
			return resp, err
		}
	}
	path, root := r.URL.Path, "https://"+r.URL.Host
	name, isConfig := strings.CutSuffix(path, "/v2.0/.well-known/openid-configuration")
	switch {
	case isConfig && config != "":
		return answer(r, 200, config), nil
	case isConfig:
		return answer(r, 200, rightConfig(root, strings.TrimPrefix(name, "/"))), nil
	case strings.HasSuffix(path, "/discovery/v2.0/keys"):
		return answer(r, 200, keys), nil
	}
	return answer(r, 404, "not here"), nil
}

// rightConfig is what Entra publishes at a login host for a tenant.
func rightConfig(root, name string) string {
	of := name
	if name == "common" {
		of = "{tenantid}"
	}
	return config(root+"/"+of+"/v2.0", root+"/"+name+"/discovery/v2.0/keys")
}

func config(issuer, keys string) string {
	return fmt.Sprintf(`{"issuer":%q,"jwks_uri":%q}`, issuer, keys)
}

func answer(r *http.Request, status int, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Status: fmt.Sprint(status, " ", http.StatusText(status)), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: -1, Request: r,
	}
}

// says answers everything with a status and a body.
func says(status int, body string) fault {
	return func(r *http.Request) (*http.Response, error) { return answer(r, status, body), nil }
}

// onlyKeys lets discovery work and the keys fail.
func onlyKeys(f fault) fault {
	return func(r *http.Request) (*http.Response, error) {
		if strings.HasSuffix(r.URL.Path, "/keys") {
			return f(r)
		}
		return nil, nil
	}
}

func redirects(status int, to string) fault {
	return func(r *http.Request) (*http.Response, error) {
		resp := answer(r, status, "")
		resp.Header.Set("Location", to)
		return resp, nil
	}
}

func refuses(*http.Request) (*http.Response, error) { return nil, errors.New("connection refused") }

func panics(*http.Request) (*http.Response, error) { panic("boom") }

func hangs(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// endless gives a body that never ends, and of which each read takes as long as pause.
func endless(pause time.Duration) fault {
	return func(r *http.Request) (*http.Response, error) {
		resp := answer(r, 200, "")
		resp.Body = &flood{r, pause}
		return resp, nil
	}
}

type flood struct {
	r     *http.Request
	pause time.Duration
}

func (f *flood) Read(p []byte) (int, error) {
	if f.pause > 0 {
		select {
		case <-time.After(f.pause):
		case <-f.r.Context().Done():
			return 0, f.r.Context().Err()
		}
		p = p[:1]
	}
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func (*flood) Close() error { return nil }

// failures are the ways in which Entra can be out of order.
var failures = map[string]fault{
	"503": says(503, ""), "429": says(429, ""), "404": says(404, ""), "204": says(204, ""), "HTML": says(200, "<html>sign in</html>"), "empty": says(200, ""),
	"refused": refuses, "hangs": hangs, "panics": panics, "endless": endless(0), "trickles": endless(time.Second),
	"keys 503": onlyKeys(says(503, "")), "keys HTML": onlyKeys(says(200, "<html>sign in</html>")), "no keys": onlyKeys(says(200, `{"keys":[]}`)),
	"keys hang": onlyKeys(hangs), "keys panic": onlyKeys(panics), "keys endless": onlyKeys(endless(0)), "keys trickle": onlyKeys(endless(time.Second)),
}
