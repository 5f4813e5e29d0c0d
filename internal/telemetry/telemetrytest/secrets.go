package telemetrytest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/internal/virtualtime"
	"github.com/seed-ac726066/aztoken/verify"
)

// Shown is Metrics together with everything that they show.
type Shown struct {
	Metrics
	// OnEventAs counts an event of a client under the given name.
	OnEventAs func(name string, ev aztoken.Event)
	// Text returns everything shown that may come from a program, a caller or an endpoint.
	Text func() string
}

// NoSecrets requires that metrics show neither secrets nor error texts, whatever endpoints, callers
// and the program put into tokens, names and errors. Each subtest gets new metrics from begin.
func NoSecrets(t *testing.T, begin func(t *testing.T) Shown) {
	t.Helper()
	const resource = "https://orders.example.com"
	virtualtime.Run(t, "of an endpoint", func(t *testing.T) {
		shown, imds := begin(t), imdstest.New(nil)
		c := Over(t, imds, shown, aztoken.Options{})
		tok, err := c.Token(t.Context(), resource)
		if err != nil {
			t.Fatal(err)
		}
		secret := imds.Mint(resource)
		for _, f := range []imdstest.Fault{
			imdstest.Error(400, secret, "secret text"), imdstest.Error(403, "invalid_grant", secret+" secret text"),
			imdstest.Error(500, "secret_text", ""), imdstest.Body(502, "text/html", "<h1>secret text</h1>"), imdstest.Redirect("https://secret_text.example.com"),
		} {
			imds.Break(f)
			_ = c.Warm(t.Context(), "https://other.example.com/"+secret)
			time.Sleep(6 * time.Hour)
			shown.requireNone(t, tok.Value(), secret)
		}
	})
	t.Run("of a caller", func(t *testing.T) {
		t.Parallel()
		shown, imds := begin(t), imdstest.New(nil)
		v := imds.Verifier(t, &verify.Options{Audiences: []string{resource}, OnEvent: shown.OnVerifyEvent})
		secret := imds.Mint(resource)
		for _, token := range []string{secret, secret + "x", "secret_text", secret[:40], ""} {
			if _, err := v.Authorize(t.Context(), token, func(*verify.Claims) error { return errors.New("secret text") }); err == nil {
				t.Fatal("the token was accepted")
			}
		}
		shown.requireNone(t, secret)
	})
	t.Run("of a program", func(t *testing.T) {
		t.Parallel()
		shown := begin(t)
		for _, text := range []string{"eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2lnbmF0dXJl", "\xff\xfe", "a\nb 1", strings.Repeat("x", 5000)} {
			for _, kind := range []aztoken.EventKind{aztoken.EventFailed, aztoken.EventRejected, aztoken.EventCallbackFailed} {
				shown.OnEventAs(text, aztoken.Event{Kind: kind, Identity: text, Resource: text, Err: errors.New("secret text " + text)})
			}
			shown.OnVerifyEvent(verify.Event{Kind: verify.EventRejected, Err: errors.New("secret text")})
		}
		shown.requireNone(t)
	})
}

func (s Shown) requireNone(t *testing.T, secrets ...string) {
	t.Helper()
	text := s.Text()
	for _, secret := range append(secrets, "eyJ", "secret text", "secret_text") {
		if strings.Contains(text, secret) {
			t.Fatalf("%q is shown in:\n%s", secret, text)
		}
	}
}
