package promaztoken_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/internal/telemetry/ruletest"
	"github.com/seed-ac726066/aztoken/internal/telemetry/telemetrytest"
	"github.com/seed-ac726066/aztoken/verify"
)

func TestRulesAreValid(t *testing.T) {
	t.Parallel()
	ruletest.Check(t, "alerts.yaml")
}

// program is a program that calls a service, with a real client in virtual time.
type program struct {
	host   imdstest.Options
	policy aztoken.RefreshPolicy
	every  time.Duration // between two calls; 0 for a single one at the start
	lag    time.Duration // from a call to the scrape of its minute
	runs   time.Duration
}

// breaker may break a host at the start of each minute of a program's life. Before the first call,
// status lists no token.
type breaker func(minute int, imds *imdstest.Server, status aztoken.Status)

func never(int, *imdstest.Server, aztoken.Status) {}

// atRefresh breaks the host for two minutes whenever a refresh is due within one, so that more than
// one request fails.
func atRefresh(_ int, imds *imdstest.Server, status aztoken.Status) {
	for _, r := range status.Resources {
		if r.Failures == 0 && time.Until(r.RefreshOn) < time.Minute {
			imds.BreakFor(2*time.Minute, imdstest.Status(503))
		}
	}
}

// live runs the program and returns what Prometheus sees of it, and the remaining life of its token
// for each minute.
func (p program) live(t *testing.T, breaks breaker) (*ruletest.Record, []time.Duration) {
	t.Helper()
	metrics, registry := registered(t, nil)
	imds := imdstest.New(&p.host)
	c := telemetrytest.Over(t, imds, metrics, aztoken.Options{Refresh: p.policy})
	seen := ruletest.NewRecord()
	cover := make([]time.Duration, 0, int(p.runs.Minutes()))
	for minute := range int(p.runs.Minutes()) {
		breaks(minute, imds, c.Status())
		if minute == 0 || p.every > 0 && minute%int(p.every.Minutes()) == 0 {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			_, _ = c.Token(ctx, resource) // fails at the end of a long outage
			cancel()
		}
		time.Sleep(p.lag)
		synctest.Wait()
		seen.Add(t, scrape(t, registry))
		left := time.Duration(0)
		for _, r := range c.Status().Resources {
			left = time.Until(r.ExpiresOn)
		}
		cover = append(cover, left)
		seen.AwaitMinute()
	}
	return seen, cover
}

// firstBelow returns the first minute, from begin on, in which less than d was left.
func firstBelow(t *testing.T, cover []time.Duration, begin int, d time.Duration) int {
	t.Helper()
	for minute := begin; minute < len(cover); minute++ {
		if cover[minute] < d {
			return minute
		}
	}
	t.Fatal("the token always had more left than ", d)
	return 0
}

// An outage of 26 hours, in which every token expires. All alerts fire in order, the first while 12
// h of cover are left, and resolve when the outage is over.
func TestAlertsInAnOutage(t *testing.T) {
	t.Parallel()
	ruletest.Promtool(t)
	const outage = 26 * 60
	for hour, fault := range map[int]imdstest.Fault{
		0: imdstest.Status(503), 7: imdstest.Hang(), 11: imdstest.Refused(), 18: imdstest.EntraDown(),
	} {
		virtually(t, fmt.Sprintf("of %s, that begins at %d h", fault, hour), func(t *testing.T) {
			begin := 60*hour + 1
			seen, cover := program{every: time.Minute, runs: time.Duration(begin+outage+60) * time.Minute}.live(t, func(minute int, imds *imdstest.Server, _ aztoken.Status) {
				if minute == begin {
					imds.BreakFor(outage*time.Minute, fault)
				}
			})
			seen.Firing("", begin, 0)
			half := firstBelow(t, cover, begin, 12*time.Hour) - 1
			quarter, gone := firstBelow(t, cover, begin, 6*time.Hour), firstBelow(t, cover, begin, time.Second)
			require.GreaterOrEqual(t, cover[half], 12*time.Hour)
			if fault != imdstest.EntraDown() { // then the host returns the token that it has, and nothing fails
				seen.Firing("AztokenRefreshFailing", half+3, 1) // the last refresh is due 14 minutes before half, and 15 must fail
			}
			seen.Firing("AztokenHalfOfCoverLeft", half-10, 0)
			seen.Firing("AztokenHalfOfCoverLeft", half, 1)
			seen.Firing("AztokenQuarterOfCoverLeft", quarter, 0)
			seen.Firing("AztokenQuarterOfCoverLeft", quarter+6, 1)
			seen.Firing("AztokenNoToken", gone, 0)
			seen.Firing("AztokenNoToken", gone+3, 1)
			seen.Firing("AztokenNoToken", begin+outage-1, 1)
			seen.Firing("", begin+outage+20, 0)
			seen.Judge(t, "alerts.yaml")
		})
	}
}

// No alert fires if nothing is wrong, or if the problem is over quickly.
func TestNoAlert(t *testing.T) {
	t.Parallel()
	ruletest.Promtool(t)
	for name, tc := range map[string]struct {
		program program
		breaks  breaker
	}{
		"by default":                            {program{every: time.Minute, runs: 48 * time.Hour}, never},
		"with MaxAge":                           {program{policy: aztoken.MaxAge(time.Hour), every: time.Minute, runs: 48 * time.Hour}, never},
		"with tokens of an hour":                {program{host: imdstest.Options{TokenLifetime: time.Hour, MintAfter: -1}, every: time.Minute, runs: 24 * time.Hour}, never},
		"with tokens that are never cached":     {program{host: imdstest.Options{MintAfter: -1}, every: time.Minute, runs: 48 * time.Hour}, never},
		"for a token that is used once":         {program{runs: 30 * time.Hour}, never},
		"with MaxAge, for one used once":        {program{policy: aztoken.MaxAge(time.Hour), runs: 30 * time.Hour}, never},
		"for a token that is used now and then": {program{every: 23 * time.Hour, runs: 48 * time.Hour}, never},
		"for failures of two minutes":           {program{policy: aztoken.MaxAge(time.Hour), every: time.Minute, runs: 48 * time.Hour}, atRefresh},
	} {
		virtually(t, name, func(t *testing.T) {
			seen, _ := tc.program.live(t, tc.breaks)
			seen.Never()
			seen.Judge(t, "alerts.yaml")
		})
	}
}

func TestAlertsOfOtherKinds(t *testing.T) {
	t.Parallel()
	ruletest.Promtool(t)
	virtually(t, "a resource that never had a token", func(t *testing.T) {
		host := imdstest.Options{Resources: []string{"https://another.example.com"}}
		seen, _ := program{host: host, every: time.Minute, runs: time.Hour}.live(t, never)
		seen.Firing("AztokenRefreshFailing", 30, 1)
		seen.Firing("AztokenNoToken", 30, 1)
		seen.Judge(t, "alerts.yaml")
	})
	virtually(t, "a resource that never had a token, and whose failures are forgotten before each scrape", func(t *testing.T) {
		host := imdstest.Options{Resources: []string{"https://another.example.com"}}
		seen, _ := program{host: host, every: time.Minute, lag: 30 * time.Second, runs: time.Hour}.live(t, never)
		seen.Firing("AztokenRequestsFailing", 30, 1)
		seen.Firing("", 30, 1)
		seen.Judge(t, "alerts.yaml")
	})
	virtually(t, "a host that returns the same token up to its end, which leaves no cover", func(t *testing.T) {
		host := imdstest.Options{MintAfter: 24*time.Hour - 5*time.Minute}
		seen, cover := program{host: host, every: time.Minute, runs: 24 * time.Hour}.live(t, never)
		half := firstBelow(t, cover, 0, 12*time.Hour) - 1
		seen.Firing("AztokenHalfOfCoverLeft", half-10, 0)
		seen.Firing("AztokenHalfOfCoverLeft", half, 1)
		seen.Judge(t, "alerts.yaml")
	})
	virtually(t, "tokens of an hour, in an outage", func(t *testing.T) {
		host := imdstest.Options{TokenLifetime: time.Hour, MintAfter: -1}
		seen, cover := program{host: host, every: time.Minute, runs: 3 * time.Hour}.live(t, func(minute int, imds *imdstest.Server, _ aztoken.Status) {
			if minute == 60 {
				imds.Break(imdstest.EntraDown())
			}
		})
		seen.Firing("", 60, 0)
		seen.Firing("AztokenHalfOfCoverLeft", firstBelow(t, cover, 60, 30*time.Minute)+6, 1)
		seen.Firing("AztokenNoToken", firstBelow(t, cover, 60, time.Second)+4, 1)
		seen.Judge(t, "alerts.yaml")
	})
	virtually(t, "a service that rejects every token", func(t *testing.T) {
		metrics, registry := registered(t, nil)
		c := telemetrytest.Over(t, imdstest.New(&imdstest.Options{MintAfter: -1}), metrics, aztoken.Options{})
		seen := ruletest.NewRecord()
		for range 3 * 60 {
			tok, err := c.Token(t.Context(), resource)
			require.NoError(t, err)
			c.Invalidate(tok)
			synctest.Wait()
			seen.Add(t, scrape(t, registry))
			time.Sleep(time.Minute)
		}
		seen.Firing("AztokenTokensRejected", 3*60-1, 1)
		seen.Judge(t, "alerts.yaml")
	})
	virtually(t, "keys that are not to be had", func(t *testing.T) {
		metrics, registry := registered(t, nil)
		imds := imdstest.New(nil)
		v := imds.Verifier(t, &verify.Options{Audiences: []string{resource}, OnEvent: metrics.OnVerifyEvent})
		metrics.WatchVerifier(v)
		require.NoError(t, v.Warm(t.Context()))
		seen := ruletest.NewRecord()
		const begin = 5 * 60
		half, gone := 0, 0
		for minute := range begin + 26*60 {
			if minute == begin {
				imds.Issuer().BreakFor(25*time.Hour, imdstest.Status(503))
			}
			seen.Add(t, scrape(t, registry))
			s := v.Status()
			if half == 0 && time.Until(s.ExpireOn) < 12*time.Hour {
				half = minute
			}
			if gone == 0 && s.Keys == 0 {
				gone = minute
			}
			time.Sleep(time.Minute)
		}
		seen.Firing("", begin, 0)
		seen.Firing("AztokenKeysFetchFailing", half, 1)
		seen.Firing("AztokenHalfOfKeyCoverLeft", half, 0)
		seen.Firing("AztokenHalfOfKeyCoverLeft", half+3, 1)
		seen.Firing("AztokenNoKeys", gone, 0)
		seen.Firing("AztokenNoKeys", gone+3, 1)
		seen.Firing("", begin+26*60-1, 0)
		seen.Judge(t, "alerts.yaml")
	})
	t.Run("a store that does not work", func(t *testing.T) {
		t.Parallel()
		seen := ruletest.NewRecord()
		for range 40 {
			seen.Add(t, "aztoken_store_up 0\n")
		}
		seen.Firing("AztokenStoreDown", 14, 0)
		seen.Firing("AztokenStoreDown", 16, 1)
		seen.Judge(t, "alerts.yaml")
	})
}
