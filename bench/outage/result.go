package main

import (
	"slices"
	"time"

	"github.com/seed-ac726066/aztoken/bench/internal/chart"
	"github.com/seed-ac726066/aztoken/bench/internal/results"
)

// drawn are the lengths of the outages that have plots, all of the first kind.
var drawn = []time.Duration{12 * time.Hour, 18 * time.Hour, 24 * time.Hour}

// around is how many hours before and after an outage a plot shows.
const around = 6

// result returns the results to save for a cell.
func (c cell) result() results.OutageCell {
	r := results.OutageCell{
		Library: c.library.Name, Kind: c.kind.name, Hours: c.length.Hours(),
		Starts: len(c.runs), Unharmed: c.unharmed(),
		MostFailed: c.mostFailed(), MostExpired: c.mostExpired(),
		Failed: c.all(failed), Expired: c.all(expired),
		Waited: c.longestWait().Seconds(), Idled: c.longestIdle().Seconds(),
		MeanRequests: c.meanRequests(), MostRequests: c.mostRequests(),
	}
	if c.kind.name == kinds[0].name && slices.Contains(drawn, c.length) {
		r.Worst = steps([]run{c.worst()}, -around, longest.Hours())
		r.All = steps(c.runs, -around, c.length.Hours()+around)
	}
	return r
}

// longest is where the plots with outages of several lengths end.
const longest = 24 * time.Hour

// steps returns, for each quarter of an hour that has calls, the share of the runs' calls that got
// a good token and the share that got an expired one.
func steps(runs []run, begin, end float64) []chart.Step {
	const bin = 0.25
	var all []chart.Step
	for from := begin; from < end; from += bin {
		counts := make(map[outcome]float64)
		calls := 0.0
		for _, r := range runs {
			for _, o := range r.between(inHours(from), inHours(from+bin)) {
				counts[o]++
				calls++
			}
		}
		if calls > 0 {
			all = append(all, chart.Step{From: from, To: from + bin, Shares: []float64{counts[served] / calls, counts[expired] / calls}})
		}
	}
	return chart.Merge(all)
}

func inHours(h float64) time.Duration { return time.Duration(h * float64(time.Hour)) }
