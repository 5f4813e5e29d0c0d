package otelaztoken_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/integrations/otelaztoken"
	"github.com/seed-ac726066/aztoken/verify"
)

// No attribute contains a secret or the text of an error, whatever endpoints, callers and the
// program's own code put into tokens, names and errors.
func TestAttributesHaveNoSecret(t *testing.T) {
	t.Parallel()
	virtually(t, "of an endpoint", func(t *testing.T) {
		metrics, reader := measured(t, otelaztoken.Options{})
		imds := imdstest.New(nil)
		c := over(t, imds, metrics, aztoken.Options{})
		tok, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		secret := imds.Mint(resource)
		for _, f := range []imdstest.Fault{
			imdstest.Error(400, secret, "secret text"), imdstest.Error(403, "invalid_grant", secret+" secret text"),
			imdstest.Error(500, "secret_text", ""), imdstest.Body(502, "text/html", "<h1>secret text</h1>"),
		} {
			imds.Break(f)
			_ = c.Warm(t.Context(), "https://other.example.com/"+secret)
			time.Sleep(6 * time.Hour)
			requireNone(t, reader, tok.Value(), secret)
		}
	})
	t.Run("of a caller", func(t *testing.T) {
		t.Parallel()
		metrics, reader := measured(t, otelaztoken.Options{})
		imds := imdstest.New(nil)
		v := imds.Verifier(t, &verify.Options{Audiences: []string{resource}, OnEvent: metrics.OnVerifyEvent})
		secret := imds.Mint(resource)
		for _, token := range []string{secret, secret + "x", "secret_text", secret[:40], ""} {
			_, err := v.Authorize(t.Context(), token, func(*verify.Claims) error { return errors.New("secret text") })
			require.Error(t, err)
		}
		requireNone(t, reader, secret)
	})
	t.Run("of a program", func(t *testing.T) {
		t.Parallel()
		metrics, reader := measured(t, otelaztoken.Options{})
		for _, text := range []string{"eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2lnbmF0dXJl", "\xff\xfe", strings.Repeat("x", 5000)} {
			for _, kind := range []aztoken.EventKind{aztoken.EventFailed, aztoken.EventRejected, aztoken.EventCallbackFailed} {
				metrics.As(text).OnEvent(aztoken.Event{Kind: kind, Identity: text, Resource: text, Err: errors.New("secret text " + text)})
			}
			metrics.OnVerifyEvent(verify.Event{Kind: verify.EventRejected, Err: errors.New("secret text")})
		}
		requireNone(t, reader)
	})
}

func requireNone(t *testing.T, reader *sdkmetric.ManualReader, secrets ...string) {
	t.Helper()
	all := samples(t, reader)
	require.NotEmpty(t, all)
	for series := range all {
		for _, s := range append(secrets, "eyJ", "secret text", "secret_text") {
			require.NotContains(t, series, s)
		}
		require.Less(t, len(series), 1000)
	}
}

// Collections, events, and clients that come and go, all at the same time.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	metrics, reader := measured(t, otelaztoken.Options{})
	var clients sync.WaitGroup
	for i := range 4 {
		clients.Go(func() {
			for range 20 {
				c := over(t, imdstest.New(nil), metrics, aztoken.Options{})
				_ = c.Warm(t.Context(), resource, fmt.Sprint(resource, i))
				_ = c.Close()
			}
		})
	}
	for range 100 {
		samples(t, reader)
	}
	clients.Wait()
	require.EqualValues(t, 4*20*2, samples(t, reader)["aztoken.upstream.requests{aztoken.identity=default,aztoken.result=ok}"])
}
