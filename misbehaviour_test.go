package aztoken_test

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
)

// What users hand to the client must not be able to take its tokens from the others.

// exiting is a slog.Handler that ends the goroutine that logs, as a failed assertion in a test's handler does.
type exiting struct{ slog.Handler }

func (exiting) Enabled(context.Context, slog.Level) bool  { return true }
func (exiting) Handle(context.Context, slog.Record) error { runtime.Goexit(); return nil }

func TestCallbacksThatDoNotReturnCostNobodyAToken(t *testing.T) {
	t.Parallel()
	panics := func() { panic("boom") }
	for name, end := range map[string]func(){"panic": panics, "Goexit": runtime.Goexit} {
		for where, opts := range map[string]aztoken.Options{
			"OnEvent": {OnEvent: func(aztoken.Event) { end() }},
			"Logger":  {Logger: slog.New(exiting{})},
		} {
			t.Run(where+" "+name, func(t *testing.T) {
				virtually(t, func(t *testing.T) {
					imds := imdstest.New(&imdstest.Options{MintAfter: -1})
					c := over(t, imds, opts)
					calls := 0
					c.OnRotate(resource, func(aztoken.Token) { calls++; end() })
					requireNoHarm(t, use(t, c, 50*time.Hour))
					require.GreaterOrEqual(t, imds.Count(), 5)
					require.GreaterOrEqual(t, calls, 5)
				})
			})
		}
	}
}

func TestASlowObserverLosesNoRefresh(t *testing.T) {
	virtually(t, func(t *testing.T) {
		imds := imdstest.New(&imdstest.Options{MintAfter: -1})
		var done atomic.Bool
		c := over(t, imds, aztoken.Options{OnEvent: func(e aztoken.Event) {
			if e.Background && !done.Load() {
				time.Sleep(16 * time.Minute)
			}
		}})
		requireNoHarm(t, use(t, c, 72*time.Hour))
		require.GreaterOrEqual(t, imds.Count(), 6)
		done.Store(true)
		time.Sleep(16 * time.Minute) // a refresh may just have ended, and Close does not wait that long for its observer
	})
}

func TestCallbacksMayLookAtTheClient(t *testing.T) {
	virtually(t, func(t *testing.T) {
		var c *aztoken.Client
		look := func() { _ = c.Status(); c.Invalidate(aztoken.Token{}) }
		c = over(t, imdstest.New(nil), aztoken.Options{
			OnEvent: func(aztoken.Event) { look() },
		})
		var stop func()
		stop = c.OnRotate(resource, func(aztoken.Token) { look(); stop() })
		requireNoHarm(t, use(t, c, 30*time.Hour))
	})
}

func TestErrorsThatPanicAreErrors(t *testing.T) {
	t.Parallel()
	var typedNil *azcore.ResponseError
	for name, bad := range map[string]error{"typed nil": typedNil, "panics": explosive{}} {
		c := ofCredential(t, func(context.Context) (azcore.AccessToken, error) { return azcore.AccessToken{}, bad })
		_, err := c.Token(t.Context(), resource)
		require.Error(t, err, name)
	}
}

type explosive struct{}

func (explosive) Error() string { return "explosive" }
func (explosive) Is(error) bool { panic("boom") }
func (explosive) As(any) bool   { panic("boom") }

func TestStrangeExpiriesOfACredential(t *testing.T) {
	t.Parallel()
	for name, expires := range map[string]time.Time{
		"the year 2300": time.Date(2300, 1, 1, 0, 0, 0, 0, time.UTC), "the year 9999": time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), "beyond all years": time.Unix(1<<62, 0),
	} {
		t.Run(name, func(t *testing.T) {
			virtually(t, func(t *testing.T) {
				asked := 0
				c := ofCredential(t, func(context.Context) (azcore.AccessToken, error) {
					asked++
					return azcore.AccessToken{Token: "static", ExpiresOn: expires}, nil
				})
				requireNoHarm(t, use(t, c, 24*time.Hour))
				require.Equal(t, 1, asked)
			})
		})
	}
}

func TestABetterTokenIsKeptForAWorseOne(t *testing.T) {
	virtually(t, func(t *testing.T) {
		asked := 0
		c := ofCredential(t, func(context.Context) (azcore.AccessToken, error) {
			life := 24 * time.Hour
			if asked++; asked > 1 {
				life = 5 * time.Second
			}
			return azcore.AccessToken{Token: fmt.Sprint("token-", asked), ExpiresOn: time.Now().Add(life)}, nil
		})
		requireNoHarm(t, use(t, c, 23*time.Hour))
		require.LessOrEqual(t, asked, 20)
	})
}

func TestATokenWithAMovingEndIsLetGoWhenNobodyReadsIt(t *testing.T) {
	virtually(t, func(t *testing.T) {
		c := ofCredential(t, func(context.Context) (azcore.AccessToken, error) {
			return azcore.AccessToken{Token: "static", ExpiresOn: time.Now().Add(time.Hour)}, nil
		})
		requireNoHarm(t, use(t, c, 5*time.Hour))
		time.Sleep(3 * time.Hour)
		require.Empty(t, c.Status().Resources, "the life is that of the first look")
	})
}

func TestAResourceThatWasReadForDaysIsLetGoToo(t *testing.T) {
	virtually(t, func(t *testing.T) {
		c := over(t, imdstest.New(nil), aztoken.Options{})
		requireNoHarm(t, use(t, c, 72*time.Hour))
		time.Sleep(49 * time.Hour)
		require.Empty(t, c.Status().Resources)
	})
}

func TestACredentialsOwnTimeoutIsNotTheCallers(t *testing.T) {
	virtually(t, func(t *testing.T) {
		for _, own := range []error{context.Canceled, context.DeadlineExceeded} {
			c := ofCredential(t, func(context.Context) (azcore.AccessToken, error) {
				return azcore.AccessToken{}, fmt.Errorf("sign-in: %w", own)
			})
			_, err := c.Token(t.Context(), resource)
			require.ErrorContains(t, err, "sign-in: "+own.Error())
			require.NotErrorIs(t, err, own)
		}
	})
}

func TestACredentialHasTimeToAskAPerson(t *testing.T) {
	virtually(t, func(t *testing.T) {
		asked := 0
		c := ofCredential(t, func(ctx context.Context) (azcore.AccessToken, error) {
			asked++
			select {
			case <-time.After(45 * time.Second):
				return azcore.AccessToken{Token: "token", ExpiresOn: time.Now().Add(time.Hour)}, nil
			case <-ctx.Done():
				return azcore.AccessToken{}, ctx.Err()
			}
		})
		_, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		require.Equal(t, 1, asked)
	})
}

func TestStuckCallsToACredentialDoNotPileUp(t *testing.T) {
	virtually(t, func(t *testing.T) {
		stuck := make(chan struct{})
		var inside atomic.Int32
		c := ofCredential(t, func(context.Context) (azcore.AccessToken, error) {
			inside.Add(1)
			<-stuck
			return azcore.AccessToken{}, context.Canceled
		})
		for range 60 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			_, err := c.Token(ctx, resource)
			cancel()
			require.Error(t, err)
			time.Sleep(time.Minute)
		}
		require.LessOrEqual(t, inside.Load(), int32(4))
		close(stuck)
	})
}
