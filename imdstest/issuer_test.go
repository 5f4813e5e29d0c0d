package imdstest_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
)

const configPath = "/" + tenant + "/v2.0/.well-known/openid-configuration"

func TestIssuerSuffersEveryFault(t *testing.T) {
	t.Parallel()
	const away = `{"error":"temporarily_unavailable","error_description":"AADSTS90033: A transient error has occurred. Please try again."}`
	answer := func(status int, body string) func(*testing.T, outcome) {
		return func(t *testing.T, o outcome) {
			require.NoError(t, o.err)
			require.Equal(t, status, o.status)
			require.Equal(t, body, o.body)
		}
	}
	for name, tc := range map[string]struct {
		fault imdstest.Fault
		see   func(*testing.T, outcome)
		log   int
	}{
		"a status":                {imdstest.Status(503), answer(503, away), 503},
		"a status without a body": {imdstest.Status(404), answer(404, ""), 404},
		"an outage of Entra":      {imdstest.EntraDown(), answer(503, away), 503},
		"Retry-After": {imdstest.Status(429).WithRetryAfter(time.Minute), func(t *testing.T, o outcome) {
			require.Equal(t, "60", o.header.Get("Retry-After"))
			answer(429, away)(t, o)
		}, 429},
		"poison": {imdstest.Body(200, "application/json", `{"keys":[]}`), answer(200, `{"keys":[]}`), 200},
		"a redirect": {imdstest.Redirect("http://evil.test/keys"), func(t *testing.T, o outcome) {
			require.Equal(t, "http://evil.test/keys", o.header.Get("Location"))
		}, 302},
		"no end": {imdstest.Huge(3_000_000), func(t *testing.T, o outcome) { require.Len(t, o.body, 3_000_000) }, 200},
		"half": {imdstest.Truncated(), func(t *testing.T, o outcome) {
			require.ErrorIs(t, o.bodyErr, io.ErrUnexpectedEOF)
		}, 200},
		"late": {imdstest.Slow(30 * time.Second), func(t *testing.T, o outcome) {
			require.Equal(t, 200, o.status)
			require.Equal(t, 30*time.Second, o.took)
		}, 200},
		"never": {imdstest.Hang(), func(t *testing.T, o outcome) {
			require.ErrorIs(t, o.err, context.DeadlineExceeded)
		}, 0},
		"nobody there": {imdstest.Refused(), func(t *testing.T, o outcome) { require.Error(t, o.err) }, 0},
	} {
		for frontEnd, open := range frontEnds {
			t.Run(name+" "+frontEnd, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					c := open(t, nil)
					suffer := func(path string) {
						ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
						defer cancel()
						r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.server.URL+path, nil)
						require.NoError(t, err)
						tc.see(t, c.send(r))
						log := c.server.Issuer().Requests()
						require.Equal(t, tc.log, log[len(log)-1].Status)
						require.Equal(t, tc.fault.String(), log[len(log)-1].Fault)
					}
					c.server.Issuer().Break(tc.fault)
					suffer(configPath)
					suffer(keysPath)
					c.server.Issuer().Recover()
					c.server.Issuer().Next(tc.fault)
					suffer(keysPath)
					require.Equal(t, http.StatusOK, c.get(t, keysPath).status)
				})
			})
		}
	}
}

func TestIssuerFaultsAreApartFromThoseOfTokens(t *testing.T) {
	t.Parallel()
	c := inMemory(t, nil)
	seen := func() [3]int {
		return [3]int{c.ask(t.Context(), vault).status, c.get(t, configPath).status, c.get(t, keysPath).status}
	}
	c.server.Issuer().Break(imdstest.EntraDown())
	require.Equal(t, [3]int{200, 503, 503}, seen())
	c.server.Break(imdstest.Status(410))
	require.Equal(t, [3]int{410, 503, 503}, seen())
	c.server.Recover()
	require.Equal(t, [3]int{200, 503, 503}, seen())
	c.server.Issuer().Next(imdstest.Status(429))
	c.server.Issuer().Recover()
	require.Equal(t, [3]int{200, 200, 200}, seen())

	c.server.Break(imdstest.EntraDown())
	require.Equal(t, [3]int{200, 503, 503}, seen(), "the platform has a token")
	c.server.Issuer().Recover()
	require.Equal(t, [3]int{200, 503, 503}, seen())
	c.server.Issuer().Break(imdstest.Status(404))
	require.Equal(t, [3]int{200, 404, 404}, seen())
}

func TestIssuerBreakSparesTheOtherDocument(t *testing.T) {
	t.Parallel()
	c := inMemory(t, nil)
	seen := func() [2]int { return [2]int{c.get(t, configPath).status, c.get(t, keysPath).status} }
	c.server.Issuer().Break(imdstest.Status(404).KeysOnly())
	require.Equal(t, [2]int{200, 404}, seen())
	c.server.Issuer().Break(imdstest.Status(404).DiscoveryOnly())
	require.Equal(t, [2]int{404, 200}, seen())
	require.Equal(t, "Status(404).DiscoveryOnly", c.server.Issuer().Requests()[2].Fault)
	require.Empty(t, c.server.Issuer().Requests()[3].Fault)

	c.server.Break(imdstest.Status(410).KeysOnly())
	require.Equal(t, []int{410}, statuses(t, c, 1), "that is for documents only")
}

func TestIssuerNextHasOneFaultForEachFetch(t *testing.T) {
	t.Parallel()
	c := inMemory(t, nil)
	fetch := func() [2]int { return [2]int{c.get(t, configPath).status, c.get(t, keysPath).status} }
	c.server.Issuer().Next(imdstest.Status(404), imdstest.OK(), imdstest.Status(410).DiscoveryOnly())
	c.server.Issuer().Next(imdstest.Status(429))
	require.Equal(t, [][2]int{{200, 404}, {200, 200}, {410, 429}, {200, 200}}, [][2]int{fetch(), fetch(), fetch(), fetch()})

	c.server.Issuer().Break(imdstest.Status(503))
	c.server.Issuer().Next(imdstest.OK())
	require.Equal(t, [][2]int{{503, 200}, {503, 503}}, [][2]int{fetch(), fetch()})
}

func TestIssuerBreakForEndsByItself(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := inMemory(t, nil)
		c.server.Issuer().BreakFor(time.Hour, imdstest.Status(503))
		time.Sleep(time.Hour - time.Nanosecond)
		require.Equal(t, 503, c.get(t, keysPath).status)
		time.Sleep(time.Nanosecond)
		require.Equal(t, 200, c.get(t, keysPath).status)
	})
}

func TestIssuerRequestsAreALogOfTheirOwn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := inMemory(t, nil)
		c.get(t, configPath)
		time.Sleep(time.Second)
		c.server.Issuer().Next(imdstest.Refused())
		c.get(t, keysPath)
		c.get(t, keysPath+"?appid=x")
		c.get(t, "/elsewhere/discovery/keys")
		c.get(t, "/common/discovery/instance")
		c.ask(t.Context(), vault)

		var lines []string
		for _, r := range c.server.Issuer().Requests() {
			require.Equal(t, "Entra ID", r.Host)
			lines = append(lines, r.String())
		}
		require.Equal(t, []string{
			"2000-01-01T00:00:00Z GET " + configPath + ": 200",
			"2000-01-01T00:00:01Z GET " + keysPath + ": no answer, Refused",
			"2000-01-01T00:00:01Z GET " + keysPath + "?appid=x: 200",
			"2000-01-01T00:00:01Z GET /elsewhere/discovery/keys: 404",
		}, lines)
		require.Equal(t, 3, c.server.Issuer().Count())
		require.Equal(t, 1, c.server.Count())
		require.Equal(t, 1, c.server.MaxInFlight())
	})
}

func TestIssuerBreakSparesTheQuestionForAnAuthority(t *testing.T) {
	t.Parallel()
	c := inMemory(t, nil)
	c.server.Issuer().Break(imdstest.EntraDown())
	got := c.get(t, "/common/discovery/instance?authorization_endpoint=https://login.test/"+tenant+"/oauth2/v2.0/authorize")
	require.Equal(t, http.StatusOK, got.status)
	require.True(t, strings.HasPrefix(got.body, "{"))
}
