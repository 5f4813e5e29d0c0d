package verify_test

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/verify"
)

// The RSA step alone has nine allocations: without any there is none.
func TestATokenThatWasVerifiedCostsNoAllocation(t *testing.T) {
	if raced {
		t.Skip("the race detector allocates")
	}
	srv := imdstest.New(nil)
	v := warmVerifier(t, srv)
	token, ctx := srv.Mint(audience), t.Context()
	_, err := v.Verify(ctx, token)
	require.NoError(t, err)
	require.Zero(t, testing.AllocsPerRun(200, func() { _, err = v.Verify(ctx, token) }))
	require.NoError(t, err)
}

func TestATokenIsVerifiedAnewAfterFiveMinutes(t *testing.T) {
	virtually(t, func(t *testing.T) {
		v := warm(t, issue(first().jwk()))
		token := mint()
		verified := accept(t, v, token)
		for range 299 {
			time.Sleep(time.Second)
			require.Same(t, verified, accept(t, v, token))
		}
		time.Sleep(time.Second)
		require.NotSame(t, verified, accept(t, v, token))
	})
}

func TestTheEndOfATokenIsLookedAtOnEachHit(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ option, skew time.Duration }{"no skew": {-1, 0}, "a minute": {time.Minute, time.Minute}, "five minutes": {0, 5 * time.Minute}} {
		t.Run(name, func(t *testing.T) {
			virtually(t, func(t *testing.T) {
				v := warm(t, issue(first().jwk()), skew(tc.option))
				token := mint(expires(2 * time.Minute))
				end := time.Now().Add(2*time.Minute + tc.skew)
				for time.Now().Before(end) {
					accept(t, v, token)
					time.Sleep(time.Second)
				}
				reject(t, v, token, verify.ErrExpired)
			})
		})
	}
}

func TestWhatIsRefusedIsNotRemembered(t *testing.T) {
	virtually(t, func(t *testing.T) {
		v := warm(t, issue(first().jwk()))
		early := mint(begins(6 * time.Minute))
		reject(t, v, early, verify.ErrNotYetValid)
		for _, c := range []change{expires(-time.Hour), claim("aud", "another"), of(otherTenant), claim("roles", nil), func(j *jwt) { j.key = second() }} {
			_, err := v.Verify(t.Context(), mint(c))
			require.Error(t, err)
		}
		require.Zero(t, v.Remembered())
		time.Sleep(time.Minute)
		accept(t, v, early)
		require.Equal(t, 1, v.Remembered())
	})
}

func TestRememberedTokensAreBounded(t *testing.T) {
	virtually(t, func(t *testing.T) {
		v := warm(t, issue(first().jwk()))
		v.Remember(3*verify.MaxRemembered, time.Now().Add(time.Hour))
		require.LessOrEqual(t, v.Remembered(), verify.MaxRemembered)
		require.Greater(t, v.Remembered(), verify.MaxRemembered*9/10)
		token := mint()
		require.Same(t, accept(t, v, token), accept(t, v, token), "a full cache takes new ones")
		require.LessOrEqual(t, v.Remembered(), verify.MaxRemembered)
	})
}

func TestTokensThatAreOverMakeRoomFirst(t *testing.T) {
	virtually(t, func(t *testing.T) {
		v := warm(t, issue(first().jwk()))
		token := mint()
		verified := accept(t, v, token)
		v.Remember(3*verify.MaxRemembered, time.Now())
		require.Same(t, verified, accept(t, v, token))
	})
}

func TestManyCallersOfOneNewTokenShareAVerification(t *testing.T) {
	t.Parallel()
	for round := range 5 {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			virtually(t, func(t *testing.T) {
				entra := issue(first().jwk())
				entra.delay(time.Second) // all of them wait for the keys, and go on at once
				v := open(t, entra)
				token := mint()
				claims := make([]*verify.Claims, 100)
				var callers sync.WaitGroup
				for i := range claims {
					callers.Go(func() {
						c, err := v.Verify(t.Context(), token)
						require.NoError(t, err)
						claims[i] = c
					})
				}
				callers.Wait()
				for _, c := range claims {
					require.True(t, claims[0] == c, "it was verified more than once")
				}
			})
		})
	}
}

func TestTokensThatDifferInALetterAreNotTakenForEachOther(t *testing.T) {
	virtually(t, func(t *testing.T) {
		v := warm(t, issue(first().jwk()))
		token := mint()
		accept(t, v, token)
		for i := range token {
			other := byte('A')
			if token[i] == other {
				other = 'B'
			}
			_, err := v.Verify(t.Context(), token[:i]+string(other)+token[i+1:])
			require.Error(t, err)
		}
		require.Equal(t, 1, v.Remembered())
	})
}

func TestVerifiersDoNotShareWhatTheyRemember(t *testing.T) {
	virtually(t, func(t *testing.T) {
		entra := issue(first().jwk())
		token := mint()
		accept(t, warm(t, entra), token)
		reject(t, warm(t, entra, to("https://another.example.com")), token, verify.ErrAudience)
		synctest.Wait()
	})
}
