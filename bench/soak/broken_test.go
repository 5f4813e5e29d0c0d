package main

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
)

// meddler stands between the calls and the client.
type meddler struct {
	tokens
	token func(ctx context.Context, resource string) (aztoken.Token, error)
	get   func(ctx context.Context, opts policy.TokenRequestOptions) (azcore.AccessToken, error)
}

func (m meddler) Token(ctx context.Context, resource string) (aztoken.Token, error) {
	if m.token == nil {
		return m.tokens.Token(ctx, resource)
	}
	return m.token(ctx, resource)
}

func (m meddler) GetToken(ctx context.Context, opts policy.TokenRequestOptions) (azcore.AccessToken, error) {
	if m.get == nil {
		return m.tokens.GetToken(ctx, opts)
	}
	return m.get(ctx, opts)
}

// before is a client that does something at each call for a token.
func before(do func(w *world)) func(tokens, *world) tokens {
	return func(next tokens, w *world) tokens {
		return meddler{tokens: next, token: func(ctx context.Context, resource string) (aztoken.Token, error) {
			do(w)
			return next.Token(ctx, resource)
		}}
	}
}

// repeated is a transport that sends every request some more times.
func repeated(more int) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper {
		return transportFunc(func(r *http.Request) (*http.Response, error) {
			for range more {
				if resp, err := next.RoundTrip(r); err == nil {
					_ = resp.Body.Close()
				}
			}
			return next.RoundTrip(r)
		})
	}
}

var errSabotage = errors.New("sabotage")

// answering is a service that answers so to every nth request that its verifier would let through or refuse.
func answering(status, nth int) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		var mu sync.Mutex
		count := 0
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			count++
			now := count%nth == 0
			mu.Unlock()
			if now {
				w.WriteHeader(status)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// eventful are steps that show most rules broken; the tokens live two hours.
var eventful = []step{
	{at: 10 * time.Minute, layer: callers, kind: "subscribe"},
	{at: 20 * time.Minute, layer: callers, kind: "made-up tokens", count: 20},
	{at: time.Hour, layer: rotation, kind: "rotate and withdraw"},
	{at: 100 * time.Minute, lasting: 3 * time.Hour, layer: endpoint, kind: "hang"},
}

// sabotage breaks a rule: the library is as it is, and what stands before or behind it is not.
var sabotage = map[string]struct {
	breakage breakage
	rule     rule
}{
	"the first token for ever": {breakage{tokens: func(next tokens, _ *world) tokens {
		var first sync.Map
		return meddler{tokens: next, token: func(ctx context.Context, resource string) (aztoken.Token, error) {
			if t, ok := first.Load(resource); ok {
				return t.(aztoken.Token), nil
			}
			t, err := next.Token(ctx, resource)
			if err == nil {
				first.Store(resource, t)
			}
			return t, err
		}}
	}}, noExpired},
	"somebody else's token": {breakage{tokens: func(next tokens, w *world) tokens {
		return meddler{tokens: next, get: func(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
			return azcore.AccessToken{Token: w.imds.Mint(orders)}, nil
		}}
	}}, noForeign},
	"a wait": {breakage{tokens: before(func(*world) { time.Sleep(time.Millisecond) })}, noWait},
	"a failure": {breakage{tokens: func(next tokens, w *world) tokens {
		return meddler{tokens: next, token: func(ctx context.Context, resource string) (aztoken.Token, error) {
			if t, err := next.Token(ctx, resource); err != nil || time.Since(w.start)%7 == 0 {
				return t, err
			}
			return aztoken.Token{}, errSabotage
		}}
	}}, noFailure},
	"a failure at the start": {breakage{tokens: func(next tokens, _ *world) tokens {
		return meddler{tokens: next, token: func(context.Context, string) (aztoken.Token, error) {
			return aztoken.Token{}, errSabotage
		}}
	}}, noRiddle},
	"a caller who is held up": {breakage{tokens: func(next tokens, _ *world) tokens {
		return meddler{tokens: next, token: func(ctx context.Context, resource string) (aztoken.Token, error) {
			t, err := next.Token(ctx, resource)
			if err != nil {
				time.Sleep(time.Second)
			}
			return t, err
		}}
	}}, deadlines},
	"a hundred requests for one": {breakage{endpoint: repeated(100)}, fewRequests},
	"requests side by side": {breakage{endpoint: func(next http.RoundTripper) http.RoundTripper {
		return transportFunc(func(r *http.Request) (*http.Response, error) {
			var others sync.WaitGroup
			for range 4 {
				others.Go(func() {
					if resp, err := next.RoundTrip(r); err == nil {
						time.Sleep(time.Millisecond)
						_ = resp.Body.Close()
					}
				})
			}
			defer others.Wait()
			time.Sleep(time.Microsecond)
			return next.RoundTrip(r)
		})
	}}, fewPlaces},
	"fetches of keys in a row": {breakage{entra: repeated(200)}, fewFetches},
	"a 503 for a good token":   {breakage{service: answering(http.StatusServiceUnavailable, 7)}, accepts},
	"a 401 for a good token":   {breakage{service: answering(http.StatusUnauthorized, 7)}, accepts},
	"a service that takes any token": {breakage{service: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if kid, _, _ := readToken(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")); !strings.HasPrefix(kid, "made-up") {
				next.ServeHTTP(w, r)
			} // else 200
		})
	}}, rejectsBad},
	"a service that remembers too long": {breakage{service: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if kid, _, ok := readToken(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")); ok && !strings.HasPrefix(kid, "made-up") {
				return // 200
			}
			next.ServeHTTP(w, r)
		})
	}}, refuses},
	"a log line with a token": {breakage{logged: func(text string) string { return text + " eyJhbGciOiJSUzI1NiJ9" }}, noSecret},
	"an error with a token": {breakage{tokens: func(next tokens, w *world) tokens {
		return meddler{tokens: next, token: func(ctx context.Context, resource string) (aztoken.Token, error) {
			t, err := next.Token(ctx, resource)
			if err != nil {
				err = errors.New(w.imds.Mint(resource))
			}
			return t, err
		}}
	}}, noSecret},
	"a goroutine for each call": {breakage{tokens: before(func(w *world) {
		go func() { <-w.over }()
	})}, noGrowth},
	"memory for each call": {breakage{tokens: func(next tokens, _ *world) tokens {
		var mu sync.Mutex
		var kept [][]byte
		return meddler{tokens: next, token: func(ctx context.Context, resource string) (aztoken.Token, error) {
			mu.Lock()
			kept = append(kept, make([]byte, 64<<10))
			mu.Unlock()
			return next.Token(ctx, resource)
		}}
	}}, noGrowth},
	"a subscriber who is told another token": {breakage{rotated: func(string) string { return "another" }}, tellsRotates},
}

// A request that does not end with its context is under way when its client is closed.
func TestASourceThatDoesNotHeedItsContextIsSeen(t *testing.T) {
	t.Parallel()
	s := brief(1, newHeap())
	s.span = time.Hour
	s.breakage.endpoint = func(next http.RoundTripper) http.RoundTripper {
		return transportFunc(func(r *http.Request) (*http.Response, error) {
			resp, err := next.RoundTrip(r)
			if err != nil {
				time.Sleep(10 * time.Second)
			}
			return resp, err
		})
	}
	counted, _ := liveThrough(t, s, []step{
		{at: time.Minute, lasting: 30 * time.Minute, layer: endpoint, kind: "hang"},
		{at: 10 * time.Minute, layer: process, kind: "client"},
		{at: 11 * time.Minute, layer: callers, kind: "stampede", count: 50},
		{at: 11*time.Minute + time.Second, layer: process, kind: "client"},
	})
	require.Contains(t, counted.broken, endsCleanly)
}

// The memory of one of these is that of all, so they keep to themselves.
func TestEveryRuleIsSeenToBeBroken(t *testing.T) {
	shown := map[rule]bool{endsCleanly: true} // above
	for name, tc := range sabotage {
		shown[tc.rule] = true
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := brief(1, newHeap())
			s.breakage = tc.breakage
			steps := []step{} // growth is looked at near the end
			if tc.rule != noGrowth {
				s.span, steps = 3*s.lifetime, eventful
			}
			counted, _ := liveThrough(t, s, steps)
			require.Contains(t, counted.broken, tc.rule)
		})
	}
	for _, r := range rules {
		require.True(t, shown[r], "nothing shows that this can be broken: %s", r)
	}
}
