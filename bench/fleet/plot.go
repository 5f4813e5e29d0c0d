package main

import (
	"slices"
	"time"

	"github.com/seed-ac726066/aztoken/bench/internal/chart"
	"github.com/seed-ac726066/aztoken/bench/internal/report"
)

// pointEvery is the time between two points of a line. Each is the highest rate in it, so that no
// peak is lost.
const pointEvery = 15 * time.Minute

// drawPlot writes the requests per second over time of one scenario, a line for each strategy, into
// an SVG file. The scale is the same in all plots.
func drawPlot(file string, tallies []*tally) error {
	f := tallies[0].fleet
	l := chart.Lines{
		Title: report.Thousands(float64(f.instances)) + " instances: " + f.scenario.name,
		Axis:  "requests per second", Least: 1, Most: 100_000, Hours: span.Hours(),
	}
	if o := f.scenario.outage; o.length > 0 {
		l.Shaded, l.Begin, l.End = "outage", o.begin.Hours(), o.end().Hours()
	}
	for _, t := range tallies {
		l.Lines = append(l.Lines, chart.Line{Name: t.fleet.strategy.title, Every: pointEvery.Hours(), Values: points(t)})
	}
	return l.Save(file)
}

// points returns the rates of t, the highest in each stretch of pointEvery.
func points(t *tally) []float64 {
	var all []float64
	for windows := range slices.Chunk(t.perWindow, max(1, int(pointEvery/t.fleet.window))) {
		all = append(all, float64(slices.Max(windows))/t.fleet.window.Seconds())
	}
	return all
}
