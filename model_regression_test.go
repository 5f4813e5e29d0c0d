package aztoken_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
)

// script is a source whose replies are written down, each with the time that it takes.
type script struct {
	replies []scripted
	asked   []policy.TokenRequestOptions
}

type scripted struct {
	token string
	after time.Duration
	err   error
}

func (s *script) GetToken(_ context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	r := s.replies[len(s.asked)]
	s.asked = append(s.asked, o)
	time.Sleep(r.after)
	return azcore.AccessToken{Token: r.token, ExpiresOn: time.Now().Add(24 * time.Hour)}, r.err
}

// refreshing returns a client whose token "first" is being refreshed.
func refreshing(t *testing.T, s *script) *aztoken.Client {
	t.Helper()
	c := newClient(t, aztoken.Options{Credential: s})
	first, err := c.Token(t.Context(), resource)
	require.NoError(t, err)
	time.Sleep(time.Until(first.RefreshOn) + time.Second)
	synctest.Wait()
	require.Len(t, s.asked, 2)
	return c
}

func TestRejection(t *testing.T) {
	t.Parallel()
	inVirtualTime(t, "of a token that only a callback of OnRotate has seen, is acted on", func(t *testing.T) {
		source := &script{replies: []scripted{{token: "first", after: 5 * time.Second}, {token: "second"}}}
		c := newClient(t, aztoken.Options{Credential: source})
		var told []string
		c.OnRotate(resource, func(tok aztoken.Token) {
			if told = append(told, tok.Value()); tok.Value() == "first" {
				c.Invalidate(tok)
			}
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := c.Token(ctx, resource)
		require.ErrorIs(t, err, context.DeadlineExceeded, "the only caller gives up before the token comes")
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Equal(t, []string{"first", "second"}, told)
	})
	inVirtualTime(t, "is answered with another token, also where many resources keep the entry off the fast path", func(t *testing.T) {
		source := new(counting)
		c := newClient(t, aztoken.Options{Credential: source})
		for i := range 100 {
			require.NoError(t, c.Warm(t.Context(), fmt.Sprint("https://other.example/", i)))
		}
		first, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		service := &picky{reject: func(token string) bool { return token == first.Value() }}
		resp, err := service.client(c).Get("https://api.example.com/")
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, resp.StatusCode)
	})
	inVirtualTime(t, "is answered with the token that a refresh brought while the search for another hung", func(t *testing.T) {
		source := &script{replies: []scripted{{token: "first"}, {token: "refreshed", after: 5 * time.Second}, {token: "late", after: time.Minute}}}
		c := refreshing(t, source)
		service := &picky{reject: func(token string) bool { return token == "first" }}
		start := time.Now()
		resp, err := service.client(c).Get("https://api.example.com/")
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, resp.StatusCode)
		require.LessOrEqual(t, time.Since(start), 10*time.Second)
		time.Sleep(time.Minute)
	})
	inVirtualTime(t, "by a challenge is answered with a token for its claims, also if a refresh overtook that", func(t *testing.T) {
		source := &script{replies: []scripted{{token: "first"}, {token: "refreshed", after: 3 * time.Second}, {token: "with-claims", after: 5 * time.Second}}}
		c := refreshing(t, source)
		tok, err := c.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{resource}, Claims: claims})
		require.NoError(t, err)
		require.Equal(t, "with-claims", tok.Token)
		served, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		require.Equal(t, "with-claims", served.Value())
	})
	inVirtualTime(t, "by a challenge that brings the rejected token late does not put it back", func(t *testing.T) {
		source := &script{replies: []scripted{{token: "first"}, {token: "refreshed", after: 3 * time.Second}, {token: "first", after: 5 * time.Second}}}
		c := refreshing(t, source)
		tok, err := c.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{resource}, Claims: claims})
		require.NoError(t, err)
		require.Equal(t, "refreshed", tok.Token)
		served, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		require.Equal(t, "refreshed", served.Value())
	})
}

func TestGivingUp(t *testing.T) {
	t.Parallel()
	inVirtualTime(t, "is not explained by a failure of hours ago", func(t *testing.T) {
		var asked atomic.Int64
		c := ofCredential(t, func(ctx context.Context) (azcore.AccessToken, error) {
			n := asked.Add(1)
			switch {
			case n == 1:
				return azcore.AccessToken{Token: "first", ExpiresOn: time.Now().Add(time.Minute)}, nil
			case n != 21:
				return azcore.AccessToken{}, fmt.Errorf("failure %d", n)
			}
			<-ctx.Done()
			return azcore.AccessToken{}, ctx.Err()
		})
		_, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		time.Sleep(time.Minute)
		_, err = c.Token(t.Context(), resource)
		require.ErrorContains(t, err, "failure")
		c.OnRotate(resource, func(aztoken.Token) {}) // so that the entry is kept
		time.Sleep(2 * time.Hour)
		asked.Store(20)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = c.Token(ctx, resource)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.NotContains(t, err.Error(), "failure")
	})
}

func TestEventOfACallback(t *testing.T) {
	t.Parallel()
	inVirtualTime(t, "says which identity the client has", func(t *testing.T) {
		var failed aztoken.Event
		c, err := aztoken.NewClient(&aztoken.Options{Getenv: noHost, OnEvent: func(ev aztoken.Event) {
			if ev.Kind == aztoken.EventCallbackFailed {
				failed = ev
			}
		}, ClientOptions: policy.ClientOptions{Transport: newModelEndpoint(-1, time.Hour)}})
		require.NoError(t, err)
		defer func() { require.NoError(t, c.Close()) }()
		c.OnRotate(resource, func(aztoken.Token) { panic("boom") })
		_, err = c.Token(t.Context(), resource)
		require.NoError(t, err)
		synctest.Wait()
		require.Equal(t, c.Status().Identity, failed.Identity)
	})
}

func TestContextThatHasEnded(t *testing.T) {
	t.Parallel()
	inVirtualTime(t, "keeps no caller from a token that is held, also where its entry is not on the fast path", func(t *testing.T) {
		c := newClient(t, aztoken.Options{Credential: new(counting)})
		for i := range 100 {
			require.NoError(t, c.Warm(t.Context(), fmt.Sprint("https://other.example/", i)))
		}
		first, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		again, err := c.Token(ctx, resource)
		require.NoError(t, err)
		require.Equal(t, first.Value(), again.Value())
	})
}

func TestTokenThatComesIntoUseLate(t *testing.T) {
	t.Parallel()
	inVirtualTime(t, "is refreshed on time, also after a challenge that brought nothing", func(t *testing.T) {
		source := &script{replies: []scripted{{token: "first"}, {token: "for-nobody"}, {err: errors.New("no claims")}, {token: "third"}}}
		c := refreshing(t, source)
		due := c.Status().Resources[0].RefreshOn
		time.Sleep(time.Until(due) - time.Minute)
		_, err := c.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{resource}, Claims: claims})
		require.Error(t, err)
		time.Sleep(time.Until(due) + time.Second)
		synctest.Wait()
		tok, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		require.Equal(t, "third", tok.Value())
	})
}

func TestRejectionsInARow(t *testing.T) {
	t.Parallel()
	for name, hangs := range map[string]bool{"while a challenge's request hangs": true, "while a plain request hangs": false} {
		inVirtualTime(t, name+" ask once, and the challenges once", func(t *testing.T) {
			var asked atomic.Int64
			c := newClient(t, aztoken.Options{Credential: asking(func(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
				switch n := asked.Add(1); {
				case n == 1:
					return accessToken("first", 24*time.Hour), nil
				case (o.Claims != "") == hangs:
					<-ctx.Done()
					return azcore.AccessToken{}, ctx.Err()
				}
				return azcore.AccessToken{}, errors.New("no")
			})})
			first, err := c.Token(t.Context(), resource)
			require.NoError(t, err)
			for range 100 {
				c.Invalidate(first)
				ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
				_, err := c.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{resource}, Claims: claims})
				cancel()
				require.Error(t, err)
			}
			synctest.Wait()
			require.LessOrEqual(t, asked.Load(), int64(3))
		})
	}
}

// asking is a source that looks at what it is asked for.
type asking func(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error)

func (f asking) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return f(ctx, o)
}
