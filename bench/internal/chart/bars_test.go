package chart_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/bench/internal/chart"
)

func TestAChartNamesItsGroupsSeriesAndValues(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "bars.svg")
	require.NoError(t, chart.Bars(file, "Cost", "times the floor", []string{"ours", "theirs"},
		chart.Series{Name: "serial", Values: []float64{1.25, 22.5}}, chart.Series{Name: "parallel", Values: []float64{1.5, 17}}))
	svg, err := os.ReadFile(file)
	require.NoError(t, err)
	for _, text := range []string{"Cost", "times the floor", "ours", "theirs", "serial", "parallel", "1.25", "22.5", "1.5", "17", "sans-serif"} {
		require.Contains(t, string(svg), text)
	}
}
