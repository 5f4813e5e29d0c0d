package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTheCallsOfAnOutageAreThoseBetweenItsEnds(t *testing.T) {
	t.Parallel()
	r := run{scenario: scenario{hour: 2, length: time.Hour}, outcomes: make([]outcome, duration/interval)}
	for n := range r.outcomes {
		if at := time.Duration(n) * interval; at > r.scenario.start() && at < r.scenario.start()+time.Hour {
			r.outcomes[n] = failed
		}
	}
	require.Equal(t, 60, r.harm())
	require.NotContains(t, r.between(-10*time.Hour, 0), failed)
	require.Len(t, r.between(-10*time.Hour, 0), int(r.scenario.start()/interval)+1, "there was no call before the first")
	require.Len(t, r.between(0, time.Hour), 60)
	require.NotContains(t, r.between(0, time.Hour), served)
	require.NotContains(t, r.between(time.Hour, 100*time.Hour), failed)
	require.Empty(t, r.between(80*time.Hour, 90*time.Hour))
}

func TestAStepOfAFigureIsTheShareOfItsCalls(t *testing.T) {
	t.Parallel()
	well := run{scenario: scenario{hour: 20, length: 12 * time.Hour}, outcomes: make([]outcome, duration/interval)}
	ill := well
	ill.outcomes = make([]outcome, len(well.outcomes))
	for n := range ill.outcomes {
		if time.Duration(n)*interval > ill.scenario.start() {
			ill.outcomes[n] = failed
		}
	}
	got := steps([]run{well, ill, ill, ill}, figure("", 12*time.Hour))
	require.Len(t, got, 4*(6+12+6))
	require.Equal(t, []float64{1, 0}, got[4*6-1].Shares)
	require.Equal(t, []float64{0.25, 0}, got[4*6].Shares)
	require.Zero(t, got[4*6].From)
}

func TestWhatACellCostsIsThatOfItsWorstRun(t *testing.T) {
	t.Parallel()
	bad := func(hour, failures, ends int) run {
		r := run{scenario: scenario{hour: hour}, outcomes: make([]outcome, 10), requests: hour}
		for i := range failures {
			r.outcomes[i] = failed
		}
		for i := range ends {
			r.outcomes[9-i] = expired
		}
		return r
	}
	for _, tc := range []struct {
		name     string
		runs     []run
		unharmed int
		cost     string
		worst    int
	}{
		{"none", []run{bad(1, 0, 0), bad(2, 0, 0)}, 2, "no harm", 2},
		{"failures", []run{bad(1, 3, 0), bad(2, 1, 0), bad(3, 0, 0)}, 1, "3 failed", 1},
		{"expired tokens", []run{bad(1, 0, 0), bad(2, 0, 4)}, 1, "4 expired", 2},
		{"both", []run{bad(1, 3, 0), bad(2, 1, 4)}, 0, "3 failed, 4 expired", 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := cell{runs: tc.runs}
			require.Equal(t, tc.unharmed, c.unharmed())
			require.Equal(t, tc.cost, cost(c))
			require.Equal(t, tc.worst, c.worst().scenario.hour)
			require.Equal(t, len(tc.runs), c.mostRequests())
			require.InDelta(t, float64(len(tc.runs)+1)/2, c.meanRequests(), 1e-9)
		})
	}
}
