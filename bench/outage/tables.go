package main

import (
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/seed-ac726066/aztoken/bench/internal/report"
)

// summary returns the section of the README: with which versions, the figures, and for each kind of
// outage what each length of it costs.
func summary(cells []cell, versions string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Measured with %s.\n\n", versions)
	for _, figure := range []struct{ text, file string }{{"one outage of 12 h", worstFile}, {"all outages of 24 h", allFile}} {
		fmt.Fprintf(&b, "![calls over time, %s](%s)\n\n", figure.text, path.Join(folder, figure.file))
	}
	header := []string{"library"}
	for _, length := range lengths {
		header = append(header, hours(length))
	}
	header = append(header, "longest wait", "… with a good token in hand", "requests with 12 h, mean", "most")
	for _, k := range kinds {
		var rows [][]string
		for _, l := range libraries() {
			row := []string{l.Name}
			var waited, idled time.Duration
			var requests []string
			for _, c := range cells {
				if c.library.Name != l.Name || c.kind.name != k.name {
					continue
				}
				row = append(row, fmt.Sprintf("%d/%d<br>%s", c.unharmed(), len(c.runs), cost(c)))
				waited, idled = max(waited, c.longestWait()), max(idled, c.longestIdle())
				if c.length == 12*time.Hour {
					requests = requestsOf(c)
				}
			}
			rows = append(rows, append(append(row, seconds(waited), seconds(idled)), requests...))
		}
		fmt.Fprintf(&b, "**%s**: %s.\n\n%s\n", k.name, k.means, report.Table(header, rows))
	}
	return b.String()
}

// details returns a table with a line for each cell.
func details(cells []cell) string {
	header := []string{
		"library", "kind", "length", "starts without harm", "most failed calls", "most expired tokens used",
		"longest wait", "… with a good token in hand", "requests, mean", "most",
	}
	var rows [][]string
	for _, c := range cells {
		rows = append(rows, append([]string{
			c.library.Name, c.kind.name, hours(c.length), fmt.Sprintf("%d/%d", c.unharmed(), len(c.runs)),
			fmt.Sprint(c.mostFailed()), fmt.Sprint(c.mostExpired()),
			seconds(c.longestWait()), seconds(c.longestIdle()),
		}, requestsOf(c)...))
	}
	return report.Table(header, rows)
}

// cost returns the most that an outage costs, in calls.
func cost(c cell) string {
	failed, expired := c.mostFailed(), c.mostExpired()
	switch {
	case failed == 0 && expired == 0:
		return "no harm"
	case expired == 0:
		return fmt.Sprintf("%d failed", failed)
	case failed == 0:
		return fmt.Sprintf("%d expired", expired)
	default:
		return fmt.Sprintf("%d failed, %d expired", failed, expired)
	}
}

// requestsOf returns those of a run, mean and most.
func requestsOf(c cell) []string {
	return []string{fmt.Sprintf("%.0f", c.meanRequests()), fmt.Sprint(c.mostRequests())}
}

func hours(d time.Duration) string { return fmt.Sprintf("%.0f h", d.Hours()) }

func seconds(d time.Duration) string {
	return strings.TrimSuffix(fmt.Sprintf("%.1f", d.Seconds()), ".0") + " s"
}
