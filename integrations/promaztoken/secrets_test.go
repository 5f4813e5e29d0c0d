package promaztoken_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/verify"
)

// The page contains no secret and no text of an error, and can be parsed, whatever endpoints,
// callers and the program's own code put into tokens, names and errors.
func TestThePageHasNoSecret(t *testing.T) {
	t.Parallel()
	virtually(t, "of an endpoint", func(t *testing.T) {
		metrics, registry := registered(t, nil)
		imds := imdstest.New(nil)
		c := over(t, imds, metrics, aztoken.Options{})
		tok, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		secret := imds.Mint(resource)
		for _, f := range []imdstest.Fault{
			imdstest.Error(400, secret, "secret text"), imdstest.Error(403, "invalid_grant", secret+" secret text"),
			imdstest.Error(500, "secret_text", ""), imdstest.Body(502, "text/html", "<h1>secret text</h1>"), imdstest.Redirect("https://secret_text.example.com"),
		} {
			imds.Break(f)
			_ = c.Warm(t.Context(), "https://other.example.com/"+secret)
			time.Sleep(6 * time.Hour)
			requireNone(t, scrape(t, registry), tok.Value(), secret)
		}
	})
	t.Run("of a caller", func(t *testing.T) {
		t.Parallel()
		metrics, registry := registered(t, nil)
		imds := imdstest.New(nil)
		v := imds.Verifier(t, &verify.Options{Audiences: []string{resource}, OnEvent: metrics.OnVerifyEvent})
		secret := imds.Mint(resource)
		for _, token := range []string{secret, secret + "x", "secret_text", secret[:40], ""} {
			_, err := v.Authorize(t.Context(), token, func(*verify.Claims) error { return errors.New("secret text") })
			require.Error(t, err)
		}
		requireNone(t, scrape(t, registry), secret)
	})
	t.Run("of a program", func(t *testing.T) {
		t.Parallel()
		metrics, registry := registered(t, nil)
		for _, text := range []string{"eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2lnbmF0dXJl", "\xff\xfe", "a\nb 1", strings.Repeat("x", 5000)} {
			for _, kind := range []aztoken.EventKind{aztoken.EventFailed, aztoken.EventRejected, aztoken.EventCallbackFailed} {
				metrics.As(text).OnEvent(aztoken.Event{Kind: kind, Identity: text, Resource: text, Err: errors.New("secret text " + text)})
			}
			metrics.OnVerifyEvent(verify.Event{Kind: verify.EventRejected, Err: errors.New("secret text")})
		}
		requireNone(t, scrape(t, registry))
	})
}

func requireNone(t *testing.T, text string, secrets ...string) {
	t.Helper()
	parse(t, text)
	for _, s := range append(secrets, "eyJ", "secret text", "secret_text") {
		require.NotContains(t, text, s)
	}
	require.Less(t, len(text), 20_000)
}

// Scrapes, events, and clients that come and go, all at the same time.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	metrics, registry := registered(t, nil)
	done := make(chan struct{})
	for range 4 {
		go func() {
			defer func() { done <- struct{}{} }()
			for range 20 {
				c := over(t, imdstest.New(nil), metrics, aztoken.Options{})
				_ = c.Warm(t.Context(), resource, resource+"/")
				metrics.As("again").Watch(c)
				_ = c.Close()
			}
		}()
	}
	for ended := 0; ended < 4; {
		select {
		case <-done:
			ended++
		default:
			parse(t, scrape(t, registry))
		}
	}
	require.EqualValues(t, 4*20*2, samples(t, registry)[`aztoken_upstream_requests_total{identity="default",result="ok"}`])
}
