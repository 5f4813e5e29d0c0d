package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/seed-ac726066/aztoken/bench/internal/report"
)

// section returns the text of the README's section: the promises beside what was measured, then
// every strategy in every scenario. all are the tallies by scenario, aztoken's first in each; worst
// is that of inStep.
func section(all [][]*tally, worst *tally) string {
	f := worst.fleet
	var b strings.Builder
	fmt.Fprintf(&b, "%s instances, seed %d, tokens of %.0f h, %.0f h. A peak is the highest rate of %.0f min.\n\n",
		report.Thousands(float64(f.instances)), f.seed, tokenLife.Hours(), span.Hours(), f.window.Minutes())
	b.WriteString(promises(all, worst) + "\n" + comparison(all))
	return b.String()
}

// promises returns the table of what docs/design.md promises.
func promises(all [][]*tally, worst *tally) string {
	var rows [][]string
	var fresh time.Duration
	var tries float64
	var without int
	for _, of := range all {
		t := of[0]
		rows = append(rows, []string{t.fleet.scenario.name + ": peak ÷ mean", fmt.Sprintf("%.0f", promisedPeak(t.fleet.scenario)), fmt.Sprintf("%.1f", t.peakOverMean())})
		without += t.without
		if t.fleet.scenario.outage.length > 0 {
			fresh, tries = max(fresh, t.fresh), max(tries, t.tries())
		}
	}
	rows = append(rows,
		[]string{"the last instance has a new token after an outage", hours(promisedFresh), hours(fresh)},
		[]string{"requests per instance and hour of an outage", fmt.Sprintf("%.1f", promisedTries), fmt.Sprintf("%.2f", tries)},
		[]string{"instances ever without a token", fmt.Sprint(promisedWithout), report.Thousands(float64(without))},
		[]string{worst.fleet.scenario.name + ": peak ÷ mean", "none", fmt.Sprintf("%.1f", worst.peakOverMean())},
	)
	return report.Table([]string{"aztoken with `HalfLife()`", "at most", "measured"}, rows)
}

// comparison returns the table of every strategy in every scenario.
func comparison(all [][]*tally) string {
	header := []string{"", "mean/s", "peak/s", "peak ÷ mean", "tries per instance and hour of it", "last fresh after", "instances without a token"}
	var rows [][]string
	for _, of := range all {
		heading := make([]string, len(header))
		heading[0] = "**" + of[0].fleet.scenario.name + "**"
		rows = append(rows, heading)
		for _, t := range of {
			row := []string{t.fleet.strategy.name, decimal(t.mean()), report.Thousands(t.peak()), multiple(t.peakOverMean()), "", "", ""}
			if t.fleet.scenario.outage.length > 0 {
				row[4], row[5], row[6] = decimal(t.tries()), hours(t.fresh), report.Thousands(float64(t.without))
				if t.without > 0 {
					row[6] += ", for up to " + hours(t.longest)
				}
			}
			rows = append(rows, row)
		}
	}
	return report.Table(header, rows)
}

// decimal is a number with one decimal, or with two if it is small.
func decimal(x float64) string {
	if x < 0.95 {
		return fmt.Sprintf("%.2f", x)
	}
	return fmt.Sprintf("%.1f", x)
}
