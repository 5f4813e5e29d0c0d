package chart_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/bench/internal/chart"
)

func TestPanelsNameWhatTheyShow(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "panels.svg")
	p := chart.Panels{
		Title: "An outage", Axis: "hours", Parts: []string{"good", "bad", "none"},
		From: -6, To: 12, Begin: 0, End: 6,
	}
	for _, title := range []string{"first", "second", "third", "fourth"} { // a row, and one that is not full
		p.Panels = append(p.Panels, chart.Panel{Title: title, Steps: []chart.Step{
			{From: -6, To: 0, Shares: []float64{1, 0}}, {From: 0, To: 3, Shares: []float64{0.5, 0.25}},
		}})
	}
	require.NoError(t, p.Save(file))
	svg, err := os.ReadFile(file)
	require.NoError(t, err)
	for _, text := range []string{"An outage", "hours", "good", "bad", "none", "first", "second", "third", "fourth", "−6", "12", "100 %", "sans-serif"} {
		require.Contains(t, string(svg), text)
	}
}

func TestAPanelWithoutStepsIsEmpty(t *testing.T) {
	t.Parallel()
	p := chart.Panels{Parts: []string{"good", "none"}, To: 12, End: 6, Panels: []chart.Panel{{Title: "nothing"}}}
	require.NoError(t, p.Save(filepath.Join(t.TempDir(), "panels.svg")))
}
