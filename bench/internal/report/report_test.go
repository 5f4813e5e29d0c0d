package report_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/bench/internal/report"
)

func TestRounded(t *testing.T) {
	t.Parallel()
	inf := math.Inf(1)
	for _, tc := range []struct {
		value, low, high float64
		want             string
	}{
		{1.30, 1.08, 1.52, "1.3"}, // ± 17 %
		{25.20, 21.42, 28.98, "25"},
		{11.95, 7.1, 16.8, "12"},
		{14.65, 14.6, 14.7, "14.7"}, // three digits at most
		{1434, 1219, 1649, "1 400"},
		{1434, 1433, 1435, "1 430"},
		{57, 54, 60, "57"},
		{834, 726, 942, "800"},
		{31.2, 30.6, 31.8, "31.2"},
		{0.043, 0.042, 0.044, "0.04"}, // two digits after the decimal point
		{0.96, 0.86, 1.06, "1.0"},
		{9.96, 9.6, 10.3, "10.0"},
		{1, 1, 1, "1.00"}, // exact
		{7, 7, 7, "7.00"},
		{533, 80, 1000, "500"}, // one digit at least
		{3, -20, 30, "3"},
		{74, -inf, inf, "70"}, // too few runs for an interval
		{0, 0, 0, "0"},
	} {
		require.Equal(t, tc.want, report.Rounded(tc.value, tc.low, tc.high), "%v in %v to %v", tc.value, tc.low, tc.high)
	}
}

func TestSpread(t *testing.T) {
	t.Parallel()
	require.Equal(t, "± 17 %", report.Spread(100, 95, 117))
	require.Equal(t, "± 20 %", report.Spread(100, 80, 117))
	require.Equal(t, "± ∞", report.Spread(100, math.Inf(-1), math.Inf(1)))
}

func TestATableIsMarkdown(t *testing.T) {
	t.Parallel()
	require.Equal(t, "| library | ns |\n|---|---:|\n| ours | 70 |\n", report.Table([]string{"library", "ns"}, [][]string{{"ours", "70"}}))
}

func TestANumberIsWrittenInGroups(t *testing.T) {
	t.Parallel()
	for want, n := range map[string]float64{"7": 7, "999": 999, "1 000": 1000, "16 667": 16666.7, "1 000 000": 1e6} {
		require.Equal(t, want, report.Thousands(n))
	}
}
