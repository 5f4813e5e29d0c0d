package main

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/bench/internal/results"
)

func TestTheProgramKeepsWhatItHasCounted(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, run(&out, 10_000, 1, ""))
	var r results.Fleet
	require.NoError(t, json.Unmarshal(out.Bytes(), &r))
	require.Equal(t, 10_000, r.Instances)
	require.InDelta(t, 1, r.Window, 1e-9, "an hour, for so few")
	require.Len(t, r.Scenarios, len(scenarios()))
	require.Equal(t, "10 000 instances that start at once", r.Scenarios[0].Title)
	for i, sc := range scenarios() {
		require.Equal(t, sc.name, r.Scenarios[i].Name)
		for j, s := range strategies() {
			got := r.Scenarios[i].Tallies[j]
			require.Equal(t, s.name, got.Name)
			require.Len(t, got.Rates, 72)
			require.InDelta(t, got.Peak, got.Rates[int(got.PeakHour)], 0.01)
		}
	}
	require.NotZero(t, r.InStep.Tallies[0].Peak)
}

func TestALineKeepsEveryPeak(t *testing.T) {
	t.Parallel()
	one := newTally(fleet{window: time.Minute})
	one.perWindow[61] = 6000
	got := points(one)
	require.Len(t, got, 72*4)
	require.Equal(t, []float64{0, 100, 0}, got[3:6], "the peak is not lost")
}
