package publish

import (
	"fmt"

	"github.com/seed-ac726066/aztoken/bench/internal/chart"
	"github.com/seed-ac726066/aztoken/bench/internal/report"
	"github.com/seed-ac726066/aztoken/bench/internal/results"
)

func stampede(s results.Stampede) publication {
	const file = "stampede.svg"
	bars := chart.Bars{
		Title:  groups(s.Callers) + " callers at once, one token that nobody has yet",
		Panels: []chart.BarPanel{{Axis: "% of callers that returned by their deadline"}},
	}
	text := ""
	for _, sc := range s.Scenarios {
		var rows [][]string
		for i, o := range sc.Outcomes {
			name := o.Library
			if o.RealTime {
				name += " (real time)"
			}
			rows = append(rows, append([]string{name}, stampedeCells(sc, o)...))
			if !sc.Hurry {
				continue
			}
			panel := &bars.Panels[0]
			if len(panel.Groups) == i {
				panel.Groups = append(panel.Groups, chart.BarGroup{Name: name})
			}
			share := 100 * float64(o.InTime) / float64(s.Callers)
			panel.Groups[i].Bars = append(panel.Groups[i].Bars, chart.Bar{Value: share, Label: percent(share)})
		}
		if sc.Hurry {
			bars.Series = append(bars.Series, sc.Name)
		}
		text += fmt.Sprintf("%s\n\n%s\n", sc.Name, report.Table(stampedeHeader(sc), rows))
	}
	return publication{
		sections: []section{{"README.md", "stampede", text + "![callers that returned in time](" + file + ")\n"}},
		plots:    []plot{{file, bars.Save}},
	}
}

// percent formats a share so that a few differs from none, and nearly all from all.
func percent(share float64) string {
	if share > 0 && share < 1 || share > 99 && share < 100 {
		return fmt.Sprintf("%.2f %%", share)
	}
	return fmt.Sprintf("%.0f %%", share)
}

func stampedeHeader(s results.StampedeScenario) []string {
	all := []string{"library", "requests", "tokens"}
	if s.Hurry {
		all = append(all, "returned in time", "without a word of the deadline")
	}
	all = append(all, "until all returned")
	if s.Serves {
		all = append(all, "a later call")
	}
	return all
}

func stampedeCells(s results.StampedeScenario, o results.StampedeOutcome) []string {
	all := []string{fmt.Sprint(o.Requests), fmt.Sprint(o.Tokens)}
	if s.Hurry {
		all = append(all, fmt.Sprint(o.InTime), fmt.Sprint(o.Hidden))
	}
	switch {
	case o.Waiting > 0:
		all = append(all, fmt.Sprintf("%d waiting after %.0f s", o.Waiting, o.Wall))
	case o.RealTime: // differs from run to run
		all = append(all, fmt.Sprintf("%.1f s", o.Wall))
	default:
		all = append(all, fmt.Sprintf("%.3f s", o.Wall))
	}
	if s.Serves {
		all = append(all, map[bool]string{true: "has a token", false: "fails"}[o.Later])
	}
	return all
}
