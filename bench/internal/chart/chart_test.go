package chart_test

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/bench/internal/chart"
)

// saved returns the texts of a drawing and the drawing itself, which must be well-formed XML.
func saved(t *testing.T, save func(file string) error) (texts, svg string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "plot.svg")
	require.NoError(t, save(file))
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	dec := xml.NewDecoder(strings.NewReader(string(content)))
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		if text, ok := token.(xml.CharData); ok {
			texts += string(text) + "\n"
		}
	}
	require.Contains(t, string(content), "prefers-color-scheme: dark")
	require.NotContains(t, string(content), "NaN")
	return texts, string(content)
}

func TestBars(t *testing.T) {
	t.Parallel()
	panel := chart.BarPanel{
		Title: "Token", Axis: "ns for a call", Floor: 57, FloorText: "The dashed line is the floor.",
		Groups: []chart.BarGroup{
			{Name: "theirs", Bars: []chart.Bar{{Value: 22_500, Low: 20_000, High: 30_000, Label: "22 000 ns"}, {Value: 17, Label: "17 ns"}}},
			{Name: "ours <&>", Bars: []chart.Bar{{Value: 70, Label: "70 ns"}, {Value: 0, Label: "0 ns"}}},
		},
	}
	panel.Sort()
	require.Equal(t, "ours <&>", panel.Groups[0].Name)
	texts, svg := saved(t, chart.Bars{Title: "Cost", Series: []string{"serial", "parallel"}, Panels: []chart.BarPanel{panel}, Notes: []string{"Medians."}}.Save)
	for _, want := range []string{
		"Cost", "ns for a call", "Token", "The dashed line is the floor.", "ours <&>", "theirs", "serial", "parallel", "22 000 ns", "70 ns", "10 000", "Medians.",
	} {
		require.Contains(t, texts, want)
	}
	require.Equal(t, 3, strings.Count(svg, `class="dashed whisker line"`), "of the one bar with an interval")
	require.Equal(t, 1, strings.Count(svg, `class="dashed line"`), "the floor")
	saved(t, chart.Bars{Title: "nothing", Panels: []chart.BarPanel{{Groups: []chart.BarGroup{{Name: "zero", Bars: []chart.Bar{{}}}}}}}.Save)
}

func TestShares(t *testing.T) {
	t.Parallel()
	s := chart.Shares{
		Title: "An outage", Time: "hours", Whole: "calls", Heads: []string{"12 h", "18 h"}, Columns: 2, Height: 40,
		Parts: []string{"good", "expired", "none"}, From: -6, To: 12, Notes: []string{"A note."},
	}
	for _, title := range []string{"first", "second", "third"} { // one full row and one partial row
		s.Panels = append(s.Panels, chart.SharePanel{Title: title, End: 6, Steps: []chart.Step{
			{From: -6, To: 0, Shares: []float64{1, 0}}, {From: 0, To: 3, Shares: []float64{0.5, 0.25}},
		}})
	}
	s.Panels = append(s.Panels, chart.SharePanel{Title: "without calls", End: 6})
	texts, _ := saved(t, s.Save)
	for _, want := range []string{
		"An outage", "hours", "calls", "12 h", "18 h", "good", "expired", "none", "first", "second", "third", "without calls", "−6", "12", "100 %", "A note.",
	} {
		require.Contains(t, texts, want)
	}
}

func TestMerge(t *testing.T) {
	t.Parallel()
	step := func(from, to, share float64) chart.Step {
		return chart.Step{From: from, To: to, Shares: []float64{share}}
	}
	require.Equal(t, []chart.Step{step(0, 2, 1), step(2, 3, 0), step(4, 5, 0)},
		chart.Merge([]chart.Step{step(0, 1, 1), step(1, 2, 1), step(2, 3, 0), step(4, 5, 0)}))
}

func TestRates(t *testing.T) {
	t.Parallel()
	r := chart.Rates{
		Title: "A fleet", Axis: "requests", Least: 1, Most: 10_000, Hours: 24, Shaded: "outage", Begin: 6, End: 12, Notes: []string{"A note."},
		Panels: []chart.RatePanel{
			{Title: "first", Every: 1, Values: []float64{0, 10, 200}, Mean: 70, Peak: chart.Peak{Hour: 2, Value: 200, Label: "3 × the mean"}},
			{Title: "second", Every: 2, Peak: chart.Peak{Hour: 24, Value: 5, Label: "at the end"}},
		},
	}
	texts, svg := saved(t, r.Save)
	for _, want := range []string{"A fleet", "requests", "hours", "first", "second", "outage", "≤ 1", "10 000", "18", "3 × the mean", "at the end", "A note."} {
		require.Contains(t, texts, want)
	}
	require.Equal(t, 2, strings.Count(svg, `class="band"`), "in each panel")
	r.Shaded = ""
	texts, _ = saved(t, r.Save)
	require.NotContains(t, texts, "outage")
}
