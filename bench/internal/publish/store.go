package publish

import (
	"fmt"
	"strings"

	"github.com/seed-ac726066/aztoken/bench/internal/chart"
	"github.com/seed-ac726066/aztoken/bench/internal/report"
	"github.com/seed-ac726066/aztoken/bench/internal/results"
)

func store(s results.Store) publication {
	const file = "store.svg"
	shares := chart.Shares{
		Title: "An outage of 12 hours, and a restart every hour", Time: "hours since the outage began", Whole: "calls",
		Columns: 1, Height: 50, Parts: []string{"good token", "no token: the call fails"}, From: -6, To: 18,
		Notes: []string{"The outage, of the token endpoint, is between the dashed lines. It begins in each hour of a token's life."},
	}
	var rows [][]string
	for _, r := range s.Restarted {
		rows = append(rows, []string{
			r.Kind, fmt.Sprintf("%d/%d", r.Unharmed, r.Starts), fmt.Sprint(r.MostFailed), fmt.Sprint(r.Failed),
			fmt.Sprintf("%.0f", r.Waited), fmt.Sprintf("%.0f", r.Requests),
		})
		shares.Panels = append(shares.Panels, chart.SharePanel{Title: r.Kind + ": " + groups(r.Failed) + " failed", End: 12, Steps: r.Steps})
	}
	var b strings.Builder
	fmt.Fprintf(&b, "**A program that is restarted every hour**:\n\n%s\n![calls over time, restarted every hour](%s)\n", report.Table([]string{
		"", "starts without harm", "most failed calls", "… of all starts", "calls that waited, mean", "requests, mean",
	}, rows), file)

	rows = nil
	instances := 0
	for _, f := range s.Fleets {
		instances = f.Instances
		rows = append(rows, []string{
			f.Kind, groups(f.Cold), fmt.Sprintf("%.2f s", f.ColdTook), report.Thousands(f.Daily),
			groups(f.OutageFailed) + " of " + groups(f.OutageCalls), groups(f.OutageRequests), fmt.Sprintf("%.0f", f.Operations),
		})
	}
	fmt.Fprintf(&b, "\n**A fleet of %s instances** of one identity, for the store on one shared backend:\n\n%s", groups(instances), report.Table([]string{
		"", "requests, all started at once", "the last has a token after", "requests a day", "failed calls in the outage",
		"requests in it", "store operations, each client and day",
	}, rows))
	fmt.Fprintf(&b, "\n**%d processes** started at once on one empty directory, in real time, make %d request%s together.\n\nMeasured with %s.\n",
		s.Processes, s.Requests, map[bool]string{true: "s"}[s.Requests != 1], s.Versions)
	return publication{
		sections: []section{{"README.md", "store", b.String()}},
		plots:    []plot{{file, shares.Save}},
	}
}
