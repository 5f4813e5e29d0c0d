package main

import (
	"math"
	"slices"
	"time"

	"github.com/seed-ac726066/aztoken/bench/internal/report"
	"github.com/seed-ac726066/aztoken/bench/internal/results"
)

// pointEvery is the time between two points of a plot. Each point is the highest rate in that time,
// so that no peak is lost.
const pointEvery = 15 * time.Minute

// result returns the results to save: all has the tallies by scenario, aztoken's first in each;
// worst is the tally of inStep.
func result(all [][]*tally, worst *tally) results.Fleet {
	f := worst.fleet
	r := results.Fleet{
		Instances: f.instances, Seed: f.seed, Lifetime: tokenLife.Hours(), Span: span.Hours(), Window: f.window.Hours(),
		Every:         max(pointEvery, f.window).Hours(),
		InStep:        scenarioResult([]*tally{worst}),
		PromisedFresh: promisedFresh.Hours(), PromisedTries: promisedTries, PromisedWithout: promisedWithout,
	}
	r.InStep.Tallies[0].Rates = nil // not plotted
	for _, of := range all {
		r.Scenarios = append(r.Scenarios, scenarioResult(of))
	}
	return r
}

func scenarioResult(tallies []*tally) results.FleetScenario {
	f := tallies[0].fleet
	sc := results.FleetScenario{
		Name: f.scenario.name, File: f.scenario.file, Begin: f.scenario.outage.begin.Hours(), Length: f.scenario.outage.length.Hours(),
		Title: report.Thousands(float64(f.instances)) + " instances: " + f.scenario.name, PromisedPeak: promisedPeak(f.scenario),
	}
	if f.scenario.together && sc.Length == 0 {
		sc.Title = report.Thousands(float64(f.instances)) + " instances that start at once"
	}
	for _, t := range tallies {
		sc.Tallies = append(sc.Tallies, t.result())
	}
	return sc
}

func (t *tally) result() results.FleetTally {
	r := results.FleetTally{
		Name: t.fleet.strategy.name, Title: t.fleet.strategy.title, Mean: t.mean(), Peak: t.peak(), PeakHour: t.peakAt().Hours(),
		Fresh: t.fresh.Hours(), Without: t.without, Longest: t.longest.Hours(), Rates: points(t),
	}
	if t.fleet.scenario.outage.length > 0 {
		r.Tries = t.tries()
	}
	return r
}

// points returns the rates of t, the highest in each interval of pointEvery, rounded to the digits
// that a plot can show.
func points(t *tally) []float64 {
	var all []float64
	for windows := range slices.Chunk(t.perWindow, max(1, int(pointEvery/t.fleet.window))) {
		all = append(all, math.Round(100*float64(slices.Max(windows))/t.fleet.window.Seconds())/100)
	}
	return all
}
