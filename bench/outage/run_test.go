package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/bench/internal/chart"
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
	require.Equal(t, []chart.Step{
		{From: -6, To: 0, Shares: []float64{1, 0}},
		{From: 0, To: 18, Shares: []float64{0.25, 0}},
	}, steps([]run{well, ill, ill, ill}, -6, 18))
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
		failed   int
		expired  int
		worst    int
	}{
		{"none", []run{bad(1, 0, 0), bad(2, 0, 0)}, 2, 0, 0, 2},
		{"failures", []run{bad(1, 3, 0), bad(2, 1, 0), bad(3, 0, 0)}, 1, 3, 0, 1},
		{"expired tokens", []run{bad(1, 0, 0), bad(2, 0, 4)}, 1, 0, 4, 2},
		{"both", []run{bad(1, 3, 0), bad(2, 1, 4)}, 0, 3, 4, 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := cell{runs: tc.runs}
			require.Equal(t, tc.unharmed, c.unharmed())
			require.Equal(t, tc.failed, c.mostFailed())
			require.Equal(t, tc.expired, c.mostExpired())
			require.Equal(t, tc.worst, c.worst().scenario.hour)
			require.Equal(t, len(tc.runs), c.mostRequests())
			require.InDelta(t, float64(len(tc.runs)+1)/2, c.meanRequests(), 1e-9)
		})
	}
}
