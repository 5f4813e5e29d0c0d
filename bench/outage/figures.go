package main

import (
	"errors"
	"path/filepath"
	"time"

	"github.com/seed-ac726066/aztoken/bench/internal/chart"
)

// The files of the figures.
const (
	worstFile = "worst-start.svg"
	allFile   = "all-starts.svg"
)

// figures draws what the cells met in outages of the first kind: those of 12 h at the start that
// was worst for each library, and those of 24 h over all starts.
func figures(cells []cell, folder string) error {
	worst := figure("12 h of outage (503), from the moment on that is worst for each library", 12*time.Hour)
	all := figure("24 h of outage (503), from each hour of a token's life on", 24*time.Hour)
	for _, c := range cells {
		if c.kind.name != kinds[0].name {
			continue
		}
		switch c.length.Hours() {
		case worst.End:
			worst.Panels = append(worst.Panels, chart.Panel{Title: c.library.Name + ": " + cost(c), Steps: steps([]run{c.worst()}, worst)})
		case all.End:
			all.Panels = append(all.Panels, chart.Panel{Title: c.library.Name, Steps: steps(c.runs, all)})
		}
	}
	return errors.Join(worst.Save(filepath.Join(folder, worstFile)), all.Save(filepath.Join(folder, allFile)))
}

// figure returns one of outages of some length, with six hours before and after.
func figure(title string, length time.Duration) chart.Panels {
	return chart.Panels{
		Title: title,
		Axis:  "hours since the outage began",
		Parts: []string{"calls that get a good token", "an expired token", "none; the outage is between the dashed lines"},
		From:  -6, To: length.Hours() + 6, Begin: 0, End: length.Hours(),
	}
}

// steps returns the shares of the calls of some runs that came out well, and of those that were
// given an expired token, in each quarter of an hour that there are calls in.
func steps(runs []run, over chart.Panels) []chart.Step {
	const bin = 0.25
	var all []chart.Step
	for from := over.From; from < over.To; from += bin {
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
	return all
}

func inHours(h float64) time.Duration { return time.Duration(h * float64(time.Hour)) }
