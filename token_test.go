package aztoken_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
)

func TestTokenFormat(t *testing.T) {
	t.Parallel()
	inVirtualTime(t, "shows the secret in no way of printing", func(t *testing.T) {
		var (
			mu     sync.Mutex
			events []aztoken.Event
			logged bytes.Buffer
		)
		imds := imdstest.New(&imdstest.Options{MintAfter: -1})
		c := over(t, imds, aztoken.Options{
			Logger:  slog.New(slog.NewJSONHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug})),
			OnEvent: func(e aztoken.Event) { mu.Lock(); defer mu.Unlock(); events = append(events, e) },
		})
		tok, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		secret := tok.Value()
		require.Len(t, strings.Split(secret, "."), 3)
		imds.Break(imdstest.Error(400, "invalid_request", "your token was "+secret))
		c.Invalidate(tok)
		_, err = c.Token(t.Context(), resource)
		require.NoError(t, err, "the old token is served on")
		_, err = c.Token(t.Context(), "https://vault.azure.net")
		var e *aztoken.Error
		require.ErrorAs(t, err, &e)
		synctest.Wait()
		require.NotEmpty(t, events)

		var spewed strings.Builder
		// The log of a failed test shows this.
		_ = assert.Equal(failure{&spewed}, tok, aztoken.Token{})
		out := []string{spewed.String(), logged.String()}
		inside := struct {
			Token  aztoken.Token
			hidden aztoken.Token
			p      *aztoken.Token
		}{tok, tok, &tok}
		for _, v := range []any{tok, &tok, []aztoken.Token{tok}, map[string]aztoken.Token{"t": tok}, inside, &inside, c, e, *e, errors.Join(err), events, events[0], c.Status()} { //nolint
			for _, verb := range []string{"%v", "%+v", "%#v", "%q", "%x", "%X", "%s", "%d", "%t"} {
				out = append(out, fmt.Sprintf(verb, v))
			}
			if b, err := json.Marshal(v); err == nil {
				out = append(out, string(b))
			}
			for _, h := range []func(*bytes.Buffer) slog.Handler{
				func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
				func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
			} {
				var b bytes.Buffer
				slog.New(h(&b)).Info("it", "v", v)
				out = append(out, b.String())
			}
		}
		for _, part := range append(strings.Split(secret, "."), fmt.Sprintf("%x", secret)[:40]) {
			for _, text := range out {
				require.NotContains(t, text, part[:min(len(part), 40)])
			}
		}
		require.Contains(t, fmt.Sprint(tok), resource)
		require.Contains(t, fmt.Sprint(tok), "REDACTED")
	})
	t.Run("says that the zero Token holds none", func(t *testing.T) {
		t.Parallel()
		var tok aztoken.Token
		require.Empty(t, tok.Value())
		require.Equal(t, "Token(none)", fmt.Sprint(tok))
		_, err := tok.UnverifiedClaims()
		require.ErrorContains(t, err, "not a JWT")
	})
}

func TestUnverifiedClaims(t *testing.T) {
	t.Parallel()
	t.Run("tell what a token is for", func(t *testing.T) {
		t.Parallel()
		imds := imdstest.New(&imdstest.Options{Identities: []imdstest.Identity{{SystemAssigned: true, Roles: map[string][]string{resource: {"consumer"}}}}})
		tok, err := over(t, imds, aztoken.Options{}).Token(t.Context(), resource)
		require.NoError(t, err)
		require.Equal(t, resource, tok.Resource)
		require.WithinDuration(t, time.Now(), tok.AcquiredOn, time.Minute)
		require.WithinDuration(t, time.Now().Add(24*time.Hour), tok.ExpiresOn, time.Minute)
		require.True(t, tok.RefreshOn.After(tok.AcquiredOn) && tok.RefreshOn.Before(tok.ExpiresOn))
		got, err := tok.UnverifiedClaims()
		require.NoError(t, err)
		require.Equal(t, aztoken.UnverifiedClaims{
			Audience: resource, Issuer: "https://sts.windows.net/" + imdstest.DefaultTenantID + "/", TenantID: imdstest.DefaultTenantID,
			ClientID: imdstest.DefaultClientID, ObjectID: imdstest.DefaultObjectID, Subject: imdstest.DefaultObjectID, Roles: []string{"consumer"},
			IssuedAt: got.IssuedAt, NotBefore: got.IssuedAt, ExpiresOn: tok.ExpiresOn.Truncate(time.Second), Version: "1.0",
		}, got)
	})
	t.Run("have the zero time for a date that is none", func(t *testing.T) {
		t.Parallel()
		// nbf is the beginning of the year 10000.
		payload := base64.RawURLEncoding.EncodeToString([]byte(`{"iat":-1,"nbf":253402300800,"exp":1e300}`))
		c := overFunc(t, func() string { return fmt.Sprintf(`{"access_token":%q,"expires_in":"3600"}`, "e30."+payload+".x") })
		tok, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		got, err := tok.UnverifiedClaims()
		require.NoError(t, err)
		require.Equal(t, aztoken.UnverifiedClaims{}, got)
		_, err = json.Marshal(got)
		require.NoError(t, err)
	})
	t.Run("of a token that has none, are an error", func(t *testing.T) {
		t.Parallel()
		for name, value := range map[string]string{
			"opaque":        "opaque-token",
			"two dots":      "a.b.c",
			"not an object": "e30.W10.x",
			"null":          "e30.bnVsbA.x",
			"wrong type":    "e30.eyJhdWQiOlsxXX0.x", // {"aud":[1]}
		} {
			c := overFunc(t, func() string { return fmt.Sprintf(`{"access_token":%q,"expires_in":"3600"}`, value) })
			tok, err := c.Token(context.Background(), resource)
			require.NoError(t, err)
			_, err = tok.UnverifiedClaims()
			require.ErrorContains(t, err, "opaque", name)
			require.NotContains(t, err.Error(), value)
		}
	})
}

// failure is a TestingT that keeps what a failed assertion prints.
type failure struct{ b *strings.Builder }

func (f failure) Errorf(format string, args ...any) { fmt.Fprintf(f.b, format, args...) }
