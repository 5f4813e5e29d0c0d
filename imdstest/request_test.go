package imdstest_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
)

func TestRequestsHaveEveryTokenRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := inMemory(t, nil)
		c.server.Next(imdstest.OK(), imdstest.OK(), imdstest.Status(429).WithRetryAfter(time.Second), imdstest.Refused())
		c.ask(t.Context(), vault)
		time.Sleep(time.Second)
		c.ask(t.Context(), vault, "client_id", imdstest.DefaultClientID)
		c.ask(t.Context(), orders)
		c.ask(t.Context(), orders)
		c.get(t, "/common/discovery/keys")
		c.get(t, "/favicon.ico")

		var lines []string
		for _, r := range c.server.Requests() {
			lines = append(lines, r.String())
		}
		const path = "GET /metadata/identity/oauth2/token?api-version=2018-02-01&"
		require.Equal(t, []string{
			"2000-01-01T00:00:00Z " + path + "resource=https%3A%2F%2Fvault.azure.net: 200, minted",
			"2000-01-01T00:00:01Z " + path + "client_id=" + imdstest.DefaultClientID + "&resource=https%3A%2F%2Fvault.azure.net: 200",
			"2000-01-01T00:00:01Z " + path + "resource=https%3A%2F%2Forders.example: 429, Status(429).WithRetryAfter(1s)",
			"2000-01-01T00:00:01Z " + path + "resource=https%3A%2F%2Forders.example: no answer, Refused",
			"2000-01-01T00:00:01Z GET /favicon.ico: 404",
		}, lines)
		require.Equal(t, 5, c.server.Count())

		first := c.server.Requests()[0]
		require.Equal(t, vault, first.Resource)
		require.Equal(t, http.Header{"Metadata": {"true"}}, first.Header)
		require.Equal(t, "2018-02-01", first.Query.Get("api-version"))
		require.Empty(t, first.Fault)
	})
}

func TestRequestsHaveNoSecret(t *testing.T) {
	t.Parallel()
	c := inMemory(t, nil)
	r := tokenRequest(t.Context(), c.server.URL, vault)
	for _, name := range []string{"Authorization", "x-identity-header", "secret"} {
		r.Header[name] = []string{"hush", "hush"}
	}
	require.NotEmpty(t, c.send(r).token(t))
	got := c.server.Requests()[0]
	require.NotContains(t, fmt.Sprintf("%v %+v", got, got.Header), "hush")
	require.Equal(t, []string{"REDACTED", "REDACTED"}, got.Header["X-Identity-Header"])
	require.Equal(t, "true", got.Header.Get("Metadata"))
}

func TestRequestsAreBounded(t *testing.T) {
	t.Parallel()
	c := inMemory(t, nil)
	for i := range 10_003 {
		c.ask(t.Context(), vault, "n", fmt.Sprint(i))
	}
	require.Equal(t, 10_003, c.server.Count())
	log := c.server.Requests()
	require.Len(t, log, 10_000)
	for i, r := range log {
		require.Equal(t, fmt.Sprint(i+3), r.Query.Get("n"))
	}
}

func TestMaxInFlightIsTheMostAtOnce(t *testing.T) {
	inBothFrontEnds(t, func(t *testing.T, c caller) {
		for range 20 {
			c.ask(t.Context(), vault)
		}
		require.Equal(t, 1, c.server.MaxInFlight(), "one after the other")

		c.server.Next(imdstest.Slow(time.Second), imdstest.SlowBody(time.Second), imdstest.Slow(2*time.Second))
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() { c.ask(t.Context(), vault) })
		}
		synctest.Wait()
		require.Zero(t, lastStatus(c.server, imdstest.Slow(time.Second)), "in the log before it is answered")
		wg.Wait()
		c.ask(t.Context(), vault)
		require.Equal(t, 3, c.server.MaxInFlight())
	})
}

func lastStatus(s *imdstest.Server, f imdstest.Fault) int {
	for _, r := range s.Requests() {
		if r.Fault == f.String() {
			return r.Status
		}
	}
	return -1
}
