package publish

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seed-ac726066/aztoken/bench/internal/chart"
	"github.com/seed-ac726066/aztoken/bench/internal/report"
	"github.com/seed-ac726066/aztoken/bench/internal/results"
)

func verification(v results.Verification) publication {
	const file = "verification.svg"
	names := []string{
		"rsa.VerifyPKCS1v15", "standard library by hand", "aztoken verify, first time", "aztoken verify, remembered", "aztoken verify, a bad signature",
	}
	c := costs{v.Benchmarks, named("Verify/", slices.Concat(names, v.Libraries[1:])...), "µs", 1000}
	c.operations[0].name = "floor: " + c.operations[0].name
	bars := chart.Bars{
		Title:  "What it costs to verify a token",
		Series: seriesOfWays,
		Panels: []chart.BarPanel{c.panel("", "µs for a token", "the RSA step alone")},
		Notes:  []string{"Medians; the whiskers are 95 % intervals. Remembered: the same token again within five minutes."},
	}
	return publication{
		sections: []section{{"README.md", "verification", fmt.Sprintf("%s\n![µs for a token, by library](%s)\n\n%s\n%s",
			c.table(""), file, trickyTable(v), method(v.Benchmarks))}},
		plots: []plot{{file, bars.Save}},
	}
}

func trickyTable(v results.Verification) string {
	var rows [][]string
	for _, tc := range v.Tricky {
		rows = append(rows, append([]string{tc.Name}, tc.Verdicts...))
	}
	total := []string{fmt.Sprintf("accepted of %d", len(v.Tricky))}
	for i := range v.Libraries {
		total = append(total, fmt.Sprint(accepted(v, i)))
	}
	return report.Table(append([]string{"a token with"}, v.Libraries...), append(rows, total))
}

// accepted returns the number of tricky tokens that a library accepts.
func accepted(v results.Verification, library int) (n int) {
	for _, tc := range v.Tricky {
		if strings.Contains(tc.Verdicts[library], results.Accepted) {
			n++
		}
	}
	return n
}
