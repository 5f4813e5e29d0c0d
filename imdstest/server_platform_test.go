package imdstest_test

import (
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
)

func TestPlatformKeepsATokenForItsTime(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for name, tc := range map[string]struct {
		options  imdstest.Options
		every    time.Duration
		atLeast  time.Duration // age at which a token may be replaced, and must
		leastNow time.Duration // life that every token has left
	}{
		"an hour by default":                {imdstest.Options{}, 10 * time.Minute, time.Hour, 23 * time.Hour},
		"as told":                           {imdstest.Options{MintAfter: 6 * time.Hour}, 10 * time.Minute, 6 * time.Hour, 18 * time.Hour},
		"until five minutes before its end": {imdstest.Options{MintAfter: day - 5*time.Minute}, time.Minute, day - 5*time.Minute, 5 * time.Minute},
		"never past its end":                {imdstest.Options{MintAfter: 1000 * day}, time.Minute, day, time.Minute},
		"no cache at all":                   {imdstest.Options{MintAfter: -1}, 10 * time.Minute, 0, day},
		"a short life":                      {imdstest.Options{TokenLifetime: 30 * time.Minute, MintAfter: -1}, 10 * time.Minute, 0, 30 * time.Minute},
		"a life shorter than the cache's":   {imdstest.Options{TokenLifetime: 30 * time.Minute}, time.Minute, 30 * time.Minute, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := inMemory(t, &tc.options)
				var last string
				var minted, expires time.Time
				var news []bool // which answers had a new token
				for start := time.Now(); time.Since(start) < 72*time.Hour; time.Sleep(tc.every) {
					token := c.ask(t.Context(), vault).token(t)
					news = append(news, token != last)
					if token == last {
						require.Less(t, time.Since(minted), tc.atLeast)
					} else {
						if last != "" {
							require.GreaterOrEqual(t, time.Since(minted), tc.atLeast)
						}
						claims, err := c.server.Claims(token)
						require.NoError(t, err)
						last, minted, expires = token, time.Now(), time.Unix(int64(claims["exp"].(float64)), 0)
					}
					require.GreaterOrEqual(t, time.Until(expires), tc.leastNow)
				}
				log := c.server.Requests()
				require.Len(t, log, len(news))
				for i := range log {
					require.Equal(t, news[i], log[i].Minted)
				}
			})
		})
	}
}

func TestPlatformDropsATokenInItsLastMoments(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := inMemory(t, &imdstest.Options{TokenLifetime: time.Minute, MintAfter: time.Hour})
		first := c.ask(t.Context(), vault).token(t)
		time.Sleep(54 * time.Second)
		require.Equal(t, first, c.ask(t.Context(), vault).token(t))
		time.Sleep(time.Second)
		require.NotEqual(t, first, c.ask(t.Context(), vault).token(t))
	})
}

func TestPlatformKeepsATokenPerIdentityAndResource(t *testing.T) {
	t.Parallel()
	c := inMemory(t, &imdstest.Options{Identities: []imdstest.Identity{{SystemAssigned: true}, {ClientID: "b"}}})
	seen := map[string]bool{}
	for range 2 {
		for _, resource := range []string{vault, vault + "/", orders} {
			seen[c.ask(t.Context(), resource).token(t)] = true
			seen[c.ask(t.Context(), resource, "client_id", "b").token(t)] = true
		}
		seen[c.ask(t.Context(), vault, "object_id", imdstest.DefaultObjectID).token(t)] = true
	}
	require.Len(t, seen, 6)
}

func TestPlatformMintsOneTokenForManyRequestsAtOnce(t *testing.T) {
	t.Parallel()
	c := inMemory(t, nil)
	var mu sync.Mutex
	seen := map[string]bool{}
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			token := c.ask(t.Context(), vault).fields(t)["access_token"]
			mu.Lock()
			defer mu.Unlock()
			seen[token] = true
		})
	}
	wg.Wait()
	require.Len(t, seen, 1)
}

func TestEntraDownLeavesThePlatformsTokens(t *testing.T) {
	t.Parallel()
	const failure = `{"error":"unknown","error_description":"Failed to retrieve token from the Active directory. For details see logs in /var/log/azure/imds/identity.log"}`
	synctest.Test(t, func(t *testing.T) {
		c := inMemory(t, &imdstest.Options{Resources: []string{vault}})
		kept := c.ask(t.Context(), vault).token(t)
		c.server.Break(imdstest.EntraDown())
		for age := time.Duration(0); age < 24*time.Hour; age += time.Hour {
			require.Equal(t, kept, c.ask(t.Context(), vault).token(t), "however old")
			time.Sleep(time.Hour)
		}
		for _, resource := range []string{vault, orders} {
			got := c.ask(t.Context(), resource)
			require.Equal(t, http.StatusInternalServerError, got.status, "an expired token is never given")
			require.Equal(t, failure, got.body)
		}
		require.Equal(t, http.StatusBadRequest, c.ask(t.Context(), vault, "client_id", "x").status, "the platform knows its identities itself")
		c.server.Recover()
		require.NotEqual(t, kept, c.ask(t.Context(), vault).token(t))
		require.Equal(t, http.StatusBadRequest, c.ask(t.Context(), orders).status)
	})
}

func TestEntraDownLeavesNothingWhereNothingIsKept(t *testing.T) {
	t.Parallel()
	c := inMemory(t, &imdstest.Options{MintAfter: -1})
	c.ask(t.Context(), vault).token(t)
	c.server.Break(imdstest.EntraDown())
	require.Equal(t, http.StatusInternalServerError, c.ask(t.Context(), vault).status)
}
