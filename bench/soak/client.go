package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/seed-ac726066/aztoken"
)

// tokens is what calls ask: the client or, to show that the rules can be broken, what a test puts before it.
type tokens interface {
	Token(ctx context.Context, resource string) (aztoken.Token, error)
	GetToken(ctx context.Context, opts policy.TokenRequestOptions) (azcore.AccessToken, error)
}

// breakage is what tests break, each nil or a wrapper.
type breakage struct {
	tokens   func(tokens, *world) tokens
	endpoint func(http.RoundTripper) http.RoundTripper
	entra    func(http.RoundTripper) http.RoundTripper
	service  func(http.Handler) http.Handler
	logged   func(string) string
	rotated  func(string) string
}

// client is an aztoken.Client from its start to its end, and what was seen of it on the wire.
type client struct {
	*aztoken.Client
	asked  tokens
	api    *http.Client
	closed bool // or about to be
	ended  bool // Close has returned

	ledgers  map[string]*ledger
	traffic  map[string]*traffic
	inFlight int
	answered bool
	trouble  time.Time // the last end of a request that failed
	dark     time.Time // when a caller last had no token in hand
}

// openClient starts a client in place of the one before.
func (w *world) openClient() error {
	c := &client{ledgers: map[string]*ledger{}, traffic: map[string]*traffic{}}
	for _, resource := range []string{orders, billing, archive} {
		c.ledgers[resource], c.traffic[resource] = &ledger{}, &traffic{}
	}
	var endpoint http.RoundTripper = transportFunc(func(r *http.Request) (*http.Response, error) { return w.askEndpoint(c, r) })
	if w.breakage.endpoint != nil {
		endpoint = w.breakage.endpoint(endpoint)
	}
	opts := &aztoken.Options{
		Endpoint: w.net.endpointURL,
		Logger:   w.seen,
		OnEvent:  w.onEvent,
	}
	opts.Transport = transportFunc(endpoint.RoundTrip)
	var err error
	if c.Client, err = aztoken.NewClient(opts); err != nil {
		return err
	}
	c.asked = c.Client
	if w.breakage.tokens != nil {
		c.asked = w.breakage.tokens(c.Client, w)
	}
	c.api = c.Wrap(&http.Client{Transport: transportFunc(func(r *http.Request) (*http.Response, error) { return w.askService(c, r) })}, orders)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.client = c
	return nil
}

func (w *world) closeClient(c *client) {
	w.mu.Lock()
	c.closed = true
	w.mu.Unlock()
	began := time.Now()
	if err := c.Close(); err != nil || time.Since(began) > w.slack {
		w.report([]finding{{endsCleanly, fmt.Sprintf("the client took %v to close: %v", time.Since(began), err)}})
	}
	w.mu.Lock()
	c.ended = true
	w.mu.Unlock()
}

// askEndpoint carries a request to the endpoint, through the wire as it is, and notes what the client got.
func (w *world) askEndpoint(c *client, r *http.Request) (*http.Response, error) {
	began := time.Now()
	resource := r.URL.Query().Get("resource")
	nth, state, skewed := w.requestBegins(c, resource, began)
	lost, err := connect(r, state, nth)
	if err != nil {
		w.requestFailed(c, resource, 0, err)
		return nil, err
	}
	resp, err := w.net.toEndpoint.RoundTrip(r)
	if err == nil && lost {
		_ = resp.Body.Close()
		err = errReset
	}
	if err != nil {
		w.requestFailed(c, resource, 0, err)
		return nil, err
	}
	if skewed != nil && resp.StatusCode == http.StatusOK {
		if resp.Body, err = skewBody(resp, *skewed); err != nil {
			w.requestFailed(c, resource, 0, err)
			return nil, err
		}
	}
	resp.Body = &watched{ReadCloser: resp.Body, done: func(body []byte, err error) {
		got, ok := readReply(body)
		if err != nil || !ok || resp.StatusCode != http.StatusOK {
			w.requestFailed(c, resource, resp.StatusCode, err)
			return
		}
		w.requestWorked(c, resource, began, got)
	}}
	return resp, nil
}

func (w *world) requestBegins(c *client, resource string, now time.Time) (nth int64, wireState, clockState *step) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.requests++
	w.tally.requests++
	if c.ended {
		w.reportLocked([]finding{{endsCleanly, "a request after Close"}})
	}
	c.inFlight++
	w.tally.mostInFlight = max(w.tally.mostInFlight, c.inFlight)
	if c.inFlight > 4 {
		w.reportLocked([]finding{{fewPlaces, fmt.Sprint(c.inFlight)}})
	}
	calm := now
	if w.active == 0 {
		calm = w.calm
	}
	t := c.traffic[resource]
	w.reportLocked(t.request(now, c.dark, calm, w.lifetime, w.mostCalm()))
	w.tally.worstHour = max(w.tally.worstHour, t.worstHour)
	return w.requests, w.states[wire], w.states[clock]
}

// requestFailed notes a request that brought no token: status is that of the answer, 0 for none.
func (w *world) requestFailed(c *client, resource string, status int, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	c.inFlight--
	c.trouble = now
	retried := status == 0 && c.answered || status == 404 || status == 408 || status == 410 || status == 429 || status >= 500 ||
		status == 200 && err == io.ErrUnexpectedEOF
	if !retried {
		c.traffic[resource].told.add(now, causes)
	}
	c.answered = c.answered || status != 0
}

func (w *world) requestWorked(c *client, resource string, began time.Time, got reply) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	c.inFlight--
	c.answered = true
	c.ledgers[resource].receive(got.value, began, now, got.believed(now))
	// A platform that gives the same token again reckons what is left of it by its own clock. What it said once holds.
	if end := onBoth(now, got.end); end.After(w.given[got.value]) {
		w.given[got.value] = end
	}
	for value, end := range w.given {
		if now.Sub(end) > w.lifetime {
			delete(w.given, value)
		}
	}
}

// skewBody moves the absolute times of a reply, as a client sees them whose clock is not the endpoint's. The remaining life
// is as it was, and the token itself has the truth.
func skewBody(resp *http.Response, s step) (io.ReadCloser, error) {
	text, err := io.ReadAll(io.LimitReader(resp.Body, keptBody))
	_ = resp.Body.Close()
	if err != nil {
		return nil, err
	}
	var members map[string]any
	if json.Unmarshal(text, &members) == nil {
		by := s.size
		if s.kind == "endpoint behind" {
			by = -by
		}
		for _, name := range []string{"expires_on", "not_before"} {
			if on, err := strconv.ParseInt(fmt.Sprint(members[name]), 10, 64); err == nil {
				members[name] = strconv.FormatInt(on+int64(by/time.Second), 10)
			}
		}
		text, _ = json.Marshal(members)
	}
	resp.ContentLength = int64(len(text))
	resp.Header.Set("Content-Length", strconv.Itoa(len(text)))
	return io.NopCloser(strings.NewReader(string(text))), nil
}

// onEvent looks at what the client tells of itself.
func (w *world) onEvent(e aztoken.Event) {
	var found []finding
	if leaks(fmt.Sprintf("%+v %#v", e, e)) || e.Err != nil && leaks(e.Err.Error()) {
		found = append(found, finding{noSecret, "an event " + string(e.Kind)})
	}
	w.report(found)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tally.events[string(e.Kind)]++
	if e.Kind == aztoken.EventRejected {
		w.client.traffic[e.Resource].refusals.add(e.Time, causes)
	}
}
