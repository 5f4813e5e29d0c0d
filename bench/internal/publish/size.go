package publish

import (
	"fmt"

	"github.com/seed-ac726066/aztoken/bench/internal/chart"
	"github.com/seed-ac726066/aztoken/bench/internal/report"
	"github.com/seed-ac726066/aztoken/bench/internal/results"
)

func size(s results.Size) publication {
	const file = "size.svg"
	floor := s.Programs[0]
	panel := chart.BarPanel{Axis: fmt.Sprintf("MB above the floor, a program of %s MB that makes a request", megabytes(floor.Bytes))}
	var rows [][]string
	for _, p := range s.Programs {
		above := p.Bytes - floor.Bytes
		rows = append(rows, []string{
			p.Name, megabytes(p.Bytes), "+" + megabytes(above), fmt.Sprintf("%.2f", float64(p.Bytes)/float64(floor.Bytes)),
			fmt.Sprint(p.Modules), fmt.Sprint(p.Packages),
		})
		if p != floor {
			panel.Groups = append(panel.Groups, chart.BarGroup{
				Name: p.Name,
				Bars: []chart.Bar{{Value: float64(above) / 1e6, Label: fmt.Sprintf("+%s MB, %d module%s", megabytes(above), p.Modules, map[bool]string{true: "s"}[p.Modules != 1])}},
			})
		}
	}
	panel.Sort()
	bars := chart.Bars{Title: "The smallest program that gets or checks a token", Panels: []chart.BarPanel{panel}}
	return publication{
		sections: []section{{"README.md", "size", fmt.Sprintf("%s\n![MB above the floor](%s)\n\n%s, `go build -trimpath -ldflags=\"-s -w\"`.\n",
			report.Table([]string{"program", "MB", "above the floor", "× floor", "modules", "packages"}, rows), file, s.Go)}},
		plots: []plot{{file, bars.Save}},
	}
}

func megabytes(n int64) string { return fmt.Sprintf("%.2f", float64(n)/1e6) }
