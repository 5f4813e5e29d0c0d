package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/verify"
)

// verifier is a verify.Verifier from its start to its end, and what was seen of it on the wire.
type verifier struct {
	*verify.Verifier
	closed  bool
	view    keyview
	traffic traffic
	failed  time.Time       // the last fetch that did
	jwks    string          // the last keys, which are mostly the same again
	kids    map[string]bool // their ids
}

// openVerifier starts a service in place of the one before.
func (w *world) openVerifier() error {
	v := &verifier{}
	opts := &verify.Options{
		Audiences: []string{orders}, Tenants: []string{imdstest.DefaultTenantID},
		Authority: w.net.entraURL, KeyFile: w.keyFile(), Logger: w.seen, OnEvent: w.onKeyEvent,
	}
	var entra http.RoundTripper = transportFunc(func(r *http.Request) (*http.Response, error) { return w.askEntra(v, r) })
	if w.breakage.entra != nil {
		entra = w.breakage.entra(entra)
	}
	opts.HTTPClient = &http.Client{Transport: entra}
	var err error
	if v.Verifier, err = verify.New(opts); err != nil {
		return err
	}
	handler := v.Handler(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		c, _ := verify.FromContext(r.Context())
		_, _ = io.WriteString(rw, c.ObjectID)
	}), verify.Role("consumer"))
	if w.breakage.service != nil {
		handler = w.breakage.service(handler)
	}
	w.net.handler.Store(&handler)
	w.mu.Lock()
	defer w.mu.Unlock()
	v.view = w.kept
	w.verifier = v
	return nil
}

func (w *world) closeVerifier(v *verifier) {
	w.settle() // keys that came this moment are in the file then
	w.mu.Lock()
	v.closed = true
	w.mu.Unlock()
	began := time.Now()
	if err := v.Close(); err != nil || time.Since(began) > w.slack {
		w.report([]finding{{endsCleanly, fmt.Sprintf("the verifier took %v to close: %v", time.Since(began), err)}})
	}
}

// askEntra carries a request for one of Entra's documents and notes what the verifier got.
func (w *world) askEntra(v *verifier, r *http.Request) (*http.Response, error) {
	discovery := strings.HasSuffix(r.URL.Path, "/openid-configuration")
	w.mu.Lock()
	v.view.asking = true
	if discovery {
		w.tally.fetches++
		w.reportLocked(v.traffic.fetch(time.Now(), v.failed))
		w.tally.worstFetchHour = max(w.tally.worstFetchHour, v.traffic.worstHour)
	}
	w.mu.Unlock()
	resp, err := w.net.toEntra.RoundTrip(r)
	if err != nil {
		w.fetchEnds(v, nil)
		return nil, err
	}
	resp.Body = &watched{ReadCloser: resp.Body, done: func(body []byte, err error) {
		if discovery && err == nil && resp.StatusCode == http.StatusOK && strings.Contains(string(body), `"jwks_uri"`) {
			return
		}
		if discovery || err != nil || resp.StatusCode != http.StatusOK {
			body = nil
		}
		w.fetchEnds(v, body)
	}}
	return resp, nil
}

// fetchEnds notes the keys that a fetch brought; nil is for one that failed.
func (w *world) fetchEnds(v *verifier, body []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if v.closed {
		return // what comes now is thrown away
	}
	now := time.Now()
	v.view.asking = false
	if jwks := string(body); jwks == "" || jwks != v.jwks {
		kids, ok := readKeys(body)
		if !ok {
			v.view.failed, v.failed = now, now
			return
		}
		v.jwks, v.kids = jwks, kids
	}
	v.view = v.view.answered(v.kids, now)
	if w.keyFile() != "" {
		w.kept = v.view
	}
}

func (w *world) onKeyEvent(e verify.Event) {
	if leaks(fmt.Sprintf("%+v %#v", e, e)) || e.Err != nil && leaks(e.Err.Error()) {
		w.report([]finding{{noSecret, "an event " + string(e.Kind)}})
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tally.events[string(e.Kind)]++
}

type callKey struct{}

// journey is a call of the service on its way: what the transport beneath the client saw of it.
type journey struct {
	first, last time.Time // when the first request left, and when the last was answered
	far         time.Duration
	excused     bool // the connection or the service itself was out of order
	refused     bool // it was answered 401
	status      int
}

// askService carries a request to the service, through the connection as it is.
func (w *world) askService(c *client, r *http.Request) (*http.Response, error) {
	began := time.Now()
	j, _ := r.Context().Value(callKey{}).(*journey)
	if j.first.IsZero() {
		j.first = began
	}
	defer func() {
		j.last = time.Now()
		j.far += j.last.Sub(began)
	}()
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	w.mu.Lock()
	state := w.states[service]
	w.requests++
	nth := w.requests
	ends := w.given[token]
	w.mu.Unlock()
	w.report(useFindings(ends, began, w.slack))

	if state != nil && (state.kind == "reset" || state.kind == "half-open" || state.kind == "latency") {
		j.excused = true
	}
	lost, err := connect(r, state, nth)
	if err != nil {
		return nil, err
	}
	resp := refusal(r, state)
	if resp != nil {
		j.excused = true
	} else if resp, err = w.atService(r, token); err != nil {
		return nil, err
	}
	if lost {
		_ = resp.Body.Close()
		return nil, errReset
	}
	j.status = resp.StatusCode
	if resp.StatusCode == http.StatusUnauthorized {
		j.refused = true
		w.mu.Lock()
		c.ledgers[orders].refused = true
		w.mu.Unlock()
	}
	return resp, nil
}

// atService is a request that reached the service.
func (w *world) atService(r *http.Request, token string) (*http.Response, error) {
	kid, _, _ := readToken(token)
	h := hop{start: time.Now(), kid: kid, slack: w.slack}
	w.mu.Lock()
	v := w.verifier
	h.before = v.view
	w.mu.Unlock()
	resp, err := w.net.toService.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	h.end, h.status, h.after, h.published, h.over = time.Now(), resp.StatusCode, v.view, w.keysFrom[kid], r.Context().Err() != nil
	w.tally.answers[h.status]++
	if !v.closed {
		w.reportLocked(h.findings())
	}
	return resp, nil
}

// sendMadeUp sends a token that nobody signed.
func (w *world) sendMadeUp(ctx context.Context, token string) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, orders, nil)
	if err != nil {
		return
	}
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := w.net.toService.RoundTrip(r)
	if err != nil {
		return
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusUnauthorized && resp.StatusCode != http.StatusServiceUnavailable {
		w.report([]finding{{rejectsBad, fmt.Sprint(resp.StatusCode)}})
	}
}
