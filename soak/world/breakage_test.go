package world

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
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/soak/plan"
	"github.com/seed-ac726066/aztoken/soak/rules"
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

// before returns a client that does something before each request for a token.
func before(do func(w *environment)) func(tokens, *environment) tokens {
	return func(next tokens, w *environment) tokens {
		return meddler{tokens: next, token: func(ctx context.Context, resource string) (aztoken.Token, error) {
			do(w)
			return next.Token(ctx, resource)
		}}
	}
}

// repeated returns a transport that sends every request more times.
func repeated(more int) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper {
		return roundTripFunc(func(r *http.Request) (*http.Response, error) {
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

// answering returns a service that answers every nth request with status, whatever its verifier
// says. A prime nth reaches each kind of request, because requests come in rounds.
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

// eventful returns steps that show most broken rules; the tokens live two hours.
func eventful() []plan.Step {
	return []plan.Step{
		{At: 10 * time.Minute, Layer: plan.Callers, Kind: "subscribe", Action: plan.Subscription{}},
		{At: 20 * time.Minute, Layer: plan.Callers, Kind: "made-up tokens", Action: plan.MadeUpTokens{Count: 20}},
		{At: time.Hour, Layer: plan.Rotation, Kind: "rotate and withdraw", Action: plan.KeyRotation{Sign: true, Withdraw: true}},
		{At: 100 * time.Minute, Lasting: 3 * time.Hour, Layer: plan.Endpoint, Kind: "hang", Action: hang()},
	}
}

func hang() plan.Action { return plan.EndpointFault{Fault: imdstest.Hang()} }

// broken is a breakage and the rule that it violates.
type broken struct {
	breakage breakage
	rule     rules.Rule
}

// breakages returns a way to break each rule. The library is unchanged; only what is in front of it
// or behind it is altered.
func breakages() map[string]broken {
	return map[string]broken{
		"the first token for ever": {breakage{tokens: func(next tokens, _ *environment) tokens {
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
		}}, rules.NoExpired},
		"somebody else's token": {breakage{tokens: func(next tokens, w *environment) tokens {
			return meddler{tokens: next, get: func(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
				return azcore.AccessToken{Token: w.cloud.mint(orders)}, nil
			}}
		}}, rules.NoForeign},
		"a wait": {breakage{tokens: before(func(*environment) { time.Sleep(time.Millisecond) })}, rules.NoWait},
		"a failure": {breakage{tokens: func(next tokens, w *environment) tokens {
			return meddler{tokens: next, token: func(ctx context.Context, resource string) (aztoken.Token, error) {
				if t, err := next.Token(ctx, resource); err != nil || time.Since(w.start)%7 == 0 {
					return t, err
				}
				return aztoken.Token{}, errSabotage
			}}
		}}, rules.NoFailure},
		"a failure at the start": {breakage{tokens: func(next tokens, _ *environment) tokens {
			return meddler{tokens: next, token: func(context.Context, string) (aztoken.Token, error) {
				return aztoken.Token{}, errSabotage
			}}
		}}, rules.NoRiddle},
		"a caller who is held up": {breakage{tokens: func(next tokens, _ *environment) tokens {
			return meddler{tokens: next, token: func(ctx context.Context, resource string) (aztoken.Token, error) {
				t, err := next.Token(ctx, resource)
				if err != nil {
					time.Sleep(time.Second)
				}
				return t, err
			}}
		}}, rules.Deadlines},
		"a hundred requests for one": {breakage{endpoint: repeated(100)}, rules.FewRequests},
		"requests side by side": {breakage{endpoint: func(next http.RoundTripper) http.RoundTripper {
			return roundTripFunc(func(r *http.Request) (*http.Response, error) {
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
		}}, rules.FewSlots},
		"fetches of keys in a row": {breakage{entra: repeated(200)}, rules.FewFetches},
		"a 503 for a good token":   {breakage{service: answering(http.StatusServiceUnavailable, 7)}, rules.Accepts},
		"a 401 for a good token":   {breakage{service: answering(http.StatusUnauthorized, 7)}, rules.Accepts},
		"a service that takes any token": {breakage{service: func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if t, _ := rules.ReadToken(bearer(r)); !strings.HasPrefix(t.KeyID, "made-up") {
					next.ServeHTTP(w, r)
				} // else 200
			})
		}}, rules.RejectsBad},
		"a service that remembers too long": {breakage{service: func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if t, ok := rules.ReadToken(bearer(r)); ok && !strings.HasPrefix(t.KeyID, "made-up") {
					return // 200
				}
				next.ServeHTTP(w, r)
			})
		}}, rules.Refuses},
		"a log line with a token": {breakage{logged: func(text string) string { return text + " eyJhbGciOiJSUzI1NiJ9" }}, rules.NoSecret},
		"an error with a token": {breakage{tokens: func(next tokens, w *environment) tokens {
			return meddler{tokens: next, token: func(ctx context.Context, resource string) (aztoken.Token, error) {
				t, err := next.Token(ctx, resource)
				if err != nil {
					err = errors.New(w.cloud.mint(resource))
				}
				return t, err
			}}
		}}, rules.NoSecret},
		"a goroutine for each call": {breakage{tokens: before(func(w *environment) {
			go func() { <-w.over }()
		})}, rules.NoGrowth},
		"memory for each call": {breakage{tokens: func(next tokens, _ *environment) tokens {
			var mu sync.Mutex
			var kept [][]byte
			return meddler{tokens: next, token: func(ctx context.Context, resource string) (aztoken.Token, error) {
				mu.Lock()
				kept = append(kept, make([]byte, 64<<10))
				mu.Unlock()
				return next.Token(ctx, resource)
			}}
		}}, rules.NoGrowth},
		"a subscriber who is told another token": {breakage{rotated: func(string) string { return "another" }}, rules.TellsRotates},
	}
}

// All subtests share the memory of the process, so no other test may run at the same time.
func TestRules(t *testing.T) {
	shown := map[rules.Rule]bool{rules.EndsCleanly: true} // shown by TestSource
	for name, tc := range breakages() {
		shown[tc.rule] = true
		t.Run("are broken by "+name, func(t *testing.T) {
			t.Parallel()
			s, steps := brief(1), []plan.Step{} // growth is measured near the end
			s.breakage = tc.breakage
			if tc.rule != rules.NoGrowth {
				s.Span, steps = 3*s.Lifetime, eventful()
			}
			require.Contains(t, Virtual(t, s, steps).Tally.Broken, tc.rule)
		})
	}
	for _, r := range rules.All() {
		require.True(t, shown[r], "nothing shows that this can be broken: %s", r)
	}
}

// A request that does not end with its context is in flight when its client is closed.
func TestSource(t *testing.T) {
	t.Parallel()
	t.Run("that ignores its context is found when the client is closed", func(t *testing.T) {
		t.Parallel()
		s := brief(1)
		s.Span = time.Hour
		s.breakage.endpoint = func(next http.RoundTripper) http.RoundTripper {
			return roundTripFunc(func(r *http.Request) (*http.Response, error) {
				resp, err := next.RoundTrip(r)
				if err != nil {
					time.Sleep(10 * time.Second)
				}
				return resp, err
			})
		}
		restart := plan.Restart{Client: true}
		r := Virtual(t, s, []plan.Step{
			{At: time.Minute, Lasting: 30 * time.Minute, Layer: plan.Endpoint, Kind: "hang", Action: hang()},
			{At: 10 * time.Minute, Layer: plan.Process, Kind: "client", Action: restart},
			{At: 11 * time.Minute, Layer: plan.Callers, Kind: "stampede", Action: plan.Stampede{Count: 50}},
			{At: 11*time.Minute + time.Second, Layer: plan.Process, Kind: "client", Action: restart},
		})
		require.Contains(t, r.Tally.Broken, rules.EndsCleanly)
	})
}
