package publish

import (
	"fmt"
	"strings"

	"github.com/seed-ac726066/aztoken/bench/internal/chart"
	"github.com/seed-ac726066/aztoken/bench/internal/report"
	"github.com/seed-ac726066/aztoken/bench/internal/results"
)

func fleet(f results.Fleet) publication {
	var b strings.Builder
	fmt.Fprintf(&b, "%s instances, seed %d, tokens of %.0f h, %.0f h. A peak is the highest rate of %.0f min.\n\n%s\n%s",
		groups(f.Instances), f.Seed, f.Lifetime, f.Span, f.Window*60, fleetPromises(f), fleetComparison(f))
	var p publication
	for _, sc := range f.Scenarios {
		fmt.Fprintf(&b, "\n![requests per second over time, %s](%s)\n", sc.Name, sc.File)
		p.plots = append(p.plots, plot{sc.File, fleetRates(f, sc).Save})
	}
	p.sections = []section{{"README.md", "fleet", b.String()}}
	return p
}

// fleetPromises returns the table of the promises in docs/design.md.
func fleetPromises(f results.Fleet) string {
	var rows [][]string
	var fresh, tries float64
	var without int
	for _, sc := range f.Scenarios {
		t := sc.Tallies[0]
		rows = append(rows, []string{sc.Name + ": peak ÷ mean", fmt.Sprintf("%.0f", sc.PromisedPeak), fmt.Sprintf("%.1f", t.Peak/t.Mean)})
		without += t.Without
		if sc.Length > 0 {
			fresh, tries = max(fresh, t.Fresh), max(tries, t.Tries)
		}
	}
	worst := f.InStep.Tallies[0]
	rows = append(rows,
		[]string{"the last instance has a new token after an outage", inHours(f.PromisedFresh), inHours(fresh)},
		[]string{"requests per instance and hour of an outage", fmt.Sprintf("%.1f", f.PromisedTries), fmt.Sprintf("%.2f", tries)},
		[]string{"instances ever without a token", fmt.Sprint(f.PromisedWithout), groups(without)},
		[]string{f.InStep.Name + ": peak ÷ mean", "none", fmt.Sprintf("%.1f", worst.Peak/worst.Mean)},
	)
	return report.Table([]string{"aztoken with `HalfLife()`", "at most", "measured"}, rows)
}

// fleetComparison returns the table of every strategy in every scenario.
func fleetComparison(f results.Fleet) string {
	header := []string{"", "mean/s", "peak/s", "peak ÷ mean", "tries per instance and hour of it", "last fresh after", "instances without a token"}
	var rows [][]string
	for _, sc := range f.Scenarios {
		heading := make([]string, len(header))
		heading[0] = "**" + sc.Name + "**"
		rows = append(rows, heading)
		for _, t := range sc.Tallies {
			row := []string{t.Name, decimal(t.Mean), report.Thousands(t.Peak), multiple(t.Peak / t.Mean), "", "", ""}
			if sc.Length > 0 {
				row[4], row[5], row[6] = decimal(t.Tries), inHours(t.Fresh), groups(t.Without)
				if t.Without > 0 {
					row[6] += ", for up to " + inHours(t.Longest)
				}
			}
			rows = append(rows, row)
		}
	}
	return report.Table(header, rows)
}

// fleetRates draws one scenario. The scale is the same in all plots.
func fleetRates(f results.Fleet, sc results.FleetScenario) chart.Rates {
	r := chart.Rates{Title: sc.Title, Axis: "requests per second, logarithmic", Least: 1, Most: 100_000, Hours: f.Span}
	r.Notes = []string{"The dashed line is the mean. The peak leaves out the start itself, which no schedule decides."}
	if sc.Length > 0 {
		r.Shaded, r.Begin, r.End = "outage", sc.Begin, sc.Begin+sc.Length
	}
	for _, t := range sc.Tallies {
		r.Panels = append(r.Panels, chart.RatePanel{
			Title: fmt.Sprintf("%s: mean %s/s, peak %s/s", t.Title, decimal(t.Mean), report.Thousands(t.Peak)),
			Every: f.Every, Values: t.Rates, Mean: t.Mean,
			Peak: chart.Peak{Hour: t.PeakHour, Value: t.Peak, Label: multiple(t.Peak/t.Mean) + " × the mean"},
		})
	}
	return r
}

// decimal formats a number with one decimal, or with two if it is small.
func decimal(x float64) string {
	if x < 0.95 {
		return fmt.Sprintf("%.2f", x)
	}
	return fmt.Sprintf("%.1f", x)
}

// multiple formats a ratio, with one decimal where that is meaningful.
func multiple(x float64) string {
	if x < 100 {
		return fmt.Sprintf("%.1f", x)
	}
	return report.Thousands(x)
}

// inHours formats a time in a suitable unit.
func inHours(h float64) string {
	switch {
	case h < 1.0/60:
		return fmt.Sprintf("%.0f s", h*3600)
	case h < 1:
		return fmt.Sprintf("%.0f min", h*60)
	}
	return fmt.Sprintf("%.1f h", h)
}
