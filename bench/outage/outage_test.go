package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seed-ac726066/aztoken/bench/internal/peers"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// starts is the time between the starts of two outages in these tests, in hours. The program starts
// one every hour.
const starts = 12

func TestNoOutageThatOursPromisesToCoverDoesHarm(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		library peers.Library
		length  time.Duration
	}{
		"HalfLife, 12 h":  {peers.Aztoken(), 12 * time.Hour},
		"MaxAge(1h), 18h": {peers.AztokenMaxAge(time.Hour), 18 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, c := range filled(t, tc.library, tc.length) {
				require.Equal(t, len(c.runs), c.unharmed(), c.kind.name)
				require.Zero(t, c.longestWait(), c.kind.name)
			}
		})
	}
}

func TestADayOfOutageCostsWhatOursLeavesOpenAndNoMore(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		library peers.Library
		most    time.Duration
	}{
		"HalfLife": {peers.Aztoken(), 12 * time.Hour},
		// IMDS may return a token almost an hour old.
		"MaxAge(1h)": {peers.AztokenMaxAge(time.Hour), 70 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, c := range filled(t, tc.library, 24*time.Hour) {
				require.Positive(t, c.mostFailed(), c.kind.name)
				require.LessOrEqual(t, time.Duration(c.mostFailed())*interval, tc.most, c.kind.name)
				require.Zero(t, c.mostExpired(), c.kind.name)
				require.Zero(t, c.longestIdle(), c.kind.name)
				require.LessOrEqual(t, c.longestWait(), patience, c.kind.name)
			}
		})
	}
}

func TestALibraryThatRefreshesAtTheEndIsHarmedWhereTheEndIs(t *testing.T) {
	t.Parallel()
	for _, length := range lengths {
		cells := []cell{{library: peers.OAuth2(), kind: kinds[0], length: length}}
		require.True(t, fill(t, cells, starts))
		for _, r := range cells[0].runs {
			// Tokens end at 24 h and 48 h. Calls fail from there on, or from the beginning of the
			// outage, to its end.
			end := tokenLife
			if r.scenario.start() > end {
				end += tokenLife
			}
			dark := max(0, r.scenario.start()+length-end)
			require.Equal(t, int((dark+interval-1)/interval), r.count(failed), "%v from %v on", length, r.scenario.start())
			require.Equal(t, r.count(failed), r.harm())
		}
	}
}

func TestACellComesOutTheSameAgain(t *testing.T) {
	t.Parallel()
	// aztoken refreshes at random times, so its results differ from run to run.
	for _, l := range []peers.Library{peers.Azidentity(), peers.OAuth2()} {
		t.Run(l.Name, func(t *testing.T) {
			t.Parallel()
			var first []run
			for range 2 {
				cells := grid([]peers.Library{l}, kinds[:1], lengths[4:])
				require.True(t, fill(t, cells, starts))
				if first == nil {
					first = cells[0].runs
					continue
				}
				for i, r := range cells[0].runs {
					require.Equal(t, first[i].scenario, r.scenario)
					require.Equal(t, first[i].count(expired), r.count(expired))
					require.InDelta(t, first[i].count(failed), r.count(failed), 1)
				}
			}
		})
	}
}

// filled returns the cells for one library and length, one for each kind of outage.
func filled(t *testing.T, l peers.Library, length time.Duration) []cell {
	t.Helper()
	cells := grid([]peers.Library{l}, kinds, []time.Duration{length})
	require.True(t, fill(t, cells, starts))
	return cells
}
