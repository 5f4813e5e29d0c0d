package results_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/bench/internal/results"
)

func TestARatioIsTakenRoundByRound(t *testing.T) {
	t.Parallel()
	b := results.Benchmarks{Runs: map[string]results.Benchmark{
		// The machine was busy twice.
		"floor":   {NS: []float64{10, 50, 10, 10, 10, 10, 10, 90, 10, 10}},
		"a_cache": {NS: []float64{20, 100, 21, 19, 20, 20, 20, 180, 20, 20}},
	}}
	require.Equal(t, 10, b.Rounds())
	ratio := b.Ratio("a cache", "floor")
	require.InDelta(t, 2, ratio.Median, 1e-9)
	require.InDelta(t, 2, ratio.Low, 0.11)
	require.InDelta(t, 2, ratio.High, 0.11)
	require.InDelta(t, 10, b.NS("floor").Median, 1e-9)
	require.Panics(t, func() { b.Get("another") })
}
