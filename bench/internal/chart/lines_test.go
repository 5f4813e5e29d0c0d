package chart_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/bench/internal/chart"
)

func TestLinesNameWhatTheyShow(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "lines.svg")
	l := chart.Lines{
		Title: "A fleet", Axis: "requests", Least: 1, Most: 10_000, Hours: 24, Shaded: "outage", Begin: 6, End: 12,
		Lines: []chart.Line{{Name: "first", Every: 1, Values: []float64{0, 10, 200}}, {Name: "second", Every: 2}},
	}
	require.NoError(t, l.Save(file), "none at all can be drawn, though no logarithm has it")
	svg, err := os.ReadFile(file)
	require.NoError(t, err)
	for _, text := range []string{"A fleet", "requests", "hours", "first", "second", "outage", "≤ 1", "10 000", "18", "sans-serif"} {
		require.Contains(t, string(svg), text)
	}
	l.Shaded = ""
	require.NoError(t, l.Save(file))
	svg, err = os.ReadFile(file)
	require.NoError(t, err)
	require.NotContains(t, string(svg), "outage")
}
