package aztoken_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
)

const resource = "https://orders.example.com"

// noHost is the environment of a machine that names no host, whatever machine the tests run on.
func noHost(string) string { return "" }

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// over returns a client of srv without a socket between them, for tests in virtual time. Unless opts say otherwise the
// host is a virtual machine.
func over(t *testing.T, srv *imdstest.Server, opts aztoken.Options) *aztoken.Client {
	t.Helper()
	opts.Transport = srv
	if opts.Getenv == nil {
		opts.Getenv = noHost
	}
	c, err := aztoken.NewClient(&opts)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

// virtually runs a test in virtual time, of which it may spend days.
func virtually(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, f)
}

// usage counts what a caller meets who asks for a token once a minute.
type usage struct {
	calls, failed, waited, expired int
	firstFailure, lastFailure      time.Time
	tokens                         map[string]bool
}

// use asks for a token every minute for d. A call waits if any virtual time passes in it while a valid token is held.
func use(t *testing.T, c *aztoken.Client, d time.Duration) usage {
	t.Helper()
	u := usage{tokens: map[string]bool{}}
	var held aztoken.Token
	next := time.Now()
	for end := next.Add(d); next.Before(end); next = next.Add(time.Minute) {
		time.Sleep(time.Until(next))
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		tok, err := c.Token(ctx, resource)
		cancel()
		u.calls++
		if time.Since(start) > 0 && held.ExpiresOn.Sub(start) > 3*time.Second {
			u.waited++
		}
		if err != nil {
			u.failed++
			if u.firstFailure.IsZero() {
				u.firstFailure = start
			}
			u.lastFailure = start
			continue
		}
		if !tok.ExpiresOn.After(time.Now()) {
			u.expired++
		}
		held = tok
		u.tokens[tok.Value()] = true
	}
	synctest.Wait() // what refreshes and callbacks counted may be read from here on
	return u
}

func requireNoHarm(t *testing.T, u usage) {
	t.Helper()
	require.Zero(t, u.failed, "failed calls")
	require.Zero(t, u.waited, "calls that waited with a valid token held")
	require.Zero(t, u.expired, "expired tokens")
}

// overFunc returns a client of an endpoint that answers 200 with what body gives.
func overFunc(t *testing.T, body func() string) *aztoken.Client {
	t.Helper()
	opts := aztoken.Options{Getenv: noHost}
	opts.Transport = handlerTransport(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body()) })
	c, err := aztoken.NewClient(&opts)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

// handlerTransport is a transport without a network in front of a handler.
type handlerTransport http.HandlerFunc

func (h handlerTransport) Do(r *http.Request) (*http.Response, error) { return h.RoundTrip(r) }

func (h handlerTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	w, received := httptest.NewRecorder(), r.Clone(r.Context())
	if received.Body == nil {
		received.Body = http.NoBody // as a server has it
	}
	h(w, received)
	resp := w.Result()
	resp.Request = r
	return resp, nil
}
