package verify_test

import (
	"errors"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seed-ac726066/aztoken/internal/virtualtime"
	"github.com/seed-ac726066/aztoken/verify"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// virtually runs a test in virtual time, of which it may spend days. The test fails if a goroutine
// of it is left at its end.
var virtually = virtualtime.Test

// edit changes the options that a test starts from.
type edit = func(*verify.Options)

// open returns a verifier for the audience and the tenant of mint that gets its keys by transport.
func open(t testing.TB, transport http.RoundTripper, edits ...edit) *verify.Verifier {
	t.Helper()
	opts := &verify.Options{Audiences: []string{audience}, Tenants: []string{tenant}, HTTPClient: &http.Client{Transport: transport}}
	for _, change := range edits {
		change(opts)
	}
	v, err := verify.New(opts)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, v.Close()) })
	return v
}

// warm is open with the keys fetched.
func warm(t testing.TB, transport http.RoundTripper, edits ...edit) *verify.Verifier {
	t.Helper()
	v := open(t, transport, edits...)
	require.NoError(t, v.Warm(t.Context()))
	return v
}

func accept(t *testing.T, v *verify.Verifier, token string) *verify.Claims {
	t.Helper()
	c, err := v.Verify(t.Context(), token)
	require.NoError(t, err)
	return c
}

// sentinels are all errors that a token can fail for.
var sentinels = []error{
	verify.ErrKeysUnavailable, verify.ErrMalformed, verify.ErrMicrosoftAPI, verify.ErrSignature, verify.ErrIssuer, verify.ErrTenant,
	verify.ErrAudience, verify.ErrExpired, verify.ErrNotYetValid, verify.ErrCaller, verify.ErrRole, verify.ErrScope, verify.ErrClosed,
	verify.ErrNotAccessToken, verify.ErrBoundToken, verify.ErrNoToken,
}

// reject wants a token to be refused by one sentinel and no other.
func reject(t *testing.T, v *verify.Verifier, token string, want error) error {
	t.Helper()
	c, err := v.Verify(t.Context(), token)
	require.ErrorIs(t, err, want)
	require.Nil(t, c)
	for _, other := range sentinels {
		require.True(t, other == want || !errors.Is(err, other), "%v is %v too", err, other)
	}
	return err
}

// journal keeps what OnEvent was told.
type journal struct {
	mu     sync.Mutex
	events []verify.Event
}

func (j *journal) listen(o *verify.Options) { o.OnEvent = j.record }

func (j *journal) record(e verify.Event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.events = append(j.events, e)
}

func (j *journal) of(kind verify.EventKind) (found []verify.Event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, e := range j.events {
		if e.Kind == kind {
			found = append(found, e)
		}
	}
	return found
}
