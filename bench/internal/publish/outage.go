package publish

import (
	"fmt"
	"path"
	"strings"

	"github.com/seed-ac726066/aztoken/bench/internal/chart"
	"github.com/seed-ac726066/aztoken/bench/internal/report"
	"github.com/seed-ac726066/aztoken/bench/internal/results"
)

// The plots of the outages, in the folder of the program outage.
const (
	outageFolder = "outage"
	worstFile    = "worst-start.svg"
	allFile      = "all-starts.svg"
)

// outageKinds are the forms that an outage takes for a client, in the order of the tables.
var outageKinds = []struct{ name, means string }{
	{"503", "the endpoint answers 503"},
	{"hang", "the endpoint accepts requests and never answers"},
	{"refused", "nothing listens at the endpoint"},
	{
		"Entra ID down",
		"the endpoint is well and gives the token that it keeps for as long as that lives, then 500; before the outage it replaced its token when it was an hour old, as IMDS does",
	},
}

// outageHours are the lengths of the outages.
var outageHours = []float64{1, 6, 12, 18, 24}

// The names of the libraries in the program outage.
const (
	halfLife   = "aztoken, HalfLife()"
	maxAge     = "aztoken, MaxAge(1h)"
	azidentity = "azidentity"
	oauth2     = "x/oauth2"
	awsRole    = "aws ec2rolecreds"
)

func outage(o results.Outage) publication {
	return publication{
		sections: []section{
			{"README.md", "outages", outageSummary(o)},
			{path.Join(outageFolder, "README.md"), "cells", outageDetails(o)},
		},
		plots: []plot{
			{path.Join(outageFolder, worstFile), worstStarts(o).Save},
			{path.Join(outageFolder, allFile), allStarts(o).Save},
		},
	}
}

// outageSummary states, for each kind and length of outage, what it costs.
func outageSummary(o results.Outage) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Measured with %s.\n\n", o.Versions)
	for _, plot := range []struct{ text, file string }{
		{"four libraries in outages of 12 and 18 h", worstFile}, {"all libraries in outages of 24 h", allFile},
	} {
		fmt.Fprintf(&b, "![calls over time, %s](%s)\n\n", plot.text, path.Join(outageFolder, plot.file))
	}
	header := []string{"library"}
	for _, h := range outageHours {
		header = append(header, fmt.Sprintf("%.0f h", h))
	}
	header = append(header, "longest wait", "… with a good token in hand", "requests with 12 h, mean", "most")
	for _, k := range outageKinds {
		var rows [][]string
		for _, library := range outageLibraries(o) {
			row := []string{library}
			var waited, idled float64
			var requests []string
			for _, h := range outageHours {
				c, ok := o.Cell(library, k.name, h)
				if !ok {
					continue
				}
				row = append(row, fmt.Sprintf("%d/%d<br>%s", c.Unharmed, c.Starts, outageCost(c)))
				waited, idled = max(waited, c.Waited), max(idled, c.Idled)
				if h == 12 {
					requests = outageRequests(c)
				}
			}
			rows = append(rows, append(append(row, seconds(waited), seconds(idled)), requests...))
		}
		fmt.Fprintf(&b, "**%s**: %s.\n\n%s\n", k.name, k.means, report.Table(header, rows))
	}
	return b.String()
}

// outageDetails returns a table with a row for each cell.
func outageDetails(o results.Outage) string {
	header := []string{
		"library", "kind", "length", "starts without harm", "most failed calls", "most expired tokens used",
		"longest wait", "… with a good token in hand", "requests, mean", "most",
	}
	var rows [][]string
	for _, c := range o.Cells {
		rows = append(rows, append([]string{
			c.Library, c.Kind, fmt.Sprintf("%.0f h", c.Hours), fmt.Sprintf("%d/%d", c.Unharmed, c.Starts),
			fmt.Sprint(c.MostFailed), fmt.Sprint(c.MostExpired), seconds(c.Waited), seconds(c.Idled),
		}, outageRequests(c)...))
	}
	return report.Table(header, rows)
}

// outageLibraries returns the libraries in the order in which they were measured.
func outageLibraries(o results.Outage) (names []string) {
	seen := make(map[string]bool)
	for _, c := range o.Cells {
		if !seen[c.Library] {
			seen[c.Library] = true
			names = append(names, c.Library)
		}
	}
	return names
}

// outageCost returns the most calls that an outage costs.
func outageCost(c results.OutageCell) string { return harm(c.MostFailed, c.MostExpired, "no harm") }

// harm describes how many calls had no token or an expired one.
func harm(failed, expired int, none string) string {
	switch {
	case failed == 0 && expired == 0:
		return none
	case expired == 0:
		return fmt.Sprintf("%d failed", failed)
	case failed == 0:
		return fmt.Sprintf("%d expired", expired)
	default:
		return fmt.Sprintf("%d failed, %d expired", failed, expired)
	}
}

// outageRequests returns the requests per run, the mean and the most.
func outageRequests(c results.OutageCell) []string {
	return []string{fmt.Sprintf("%.0f", c.MeanRequests), fmt.Sprint(c.MostRequests)}
}

func seconds(s float64) string {
	return strings.TrimSuffix(fmt.Sprintf("%.1f", s), ".0") + " s"
}

// worstStarts is the chart on the repository's front page: outages of two lengths, each begun at
// the worst moment for the library. Four libraries are enough to show the difference and fit on a
// phone. None of the four returns an expired token; if one did, the title of its plot would say so.
func worstStarts(o results.Outage) chart.Shares {
	s := chart.Shares{
		Title: "An outage of Entra ID, at the worst moment for each library", Time: "hours since the outage began", Whole: "calls, one a minute",
		Heads: []string{"12 hours", "18 hours"}, Columns: 2, Height: 40,
		Parts: []string{"good token", "no token: the call fails"},
		From:  -6, To: 24,
		Notes: []string{"The outage, of the token endpoint, is between the dashed lines. Tokens live 24 hours."},
	}
	for _, library := range []string{halfLife, maxAge, azidentity, oauth2} {
		for _, h := range []float64{12, 18} {
			c, _ := o.Cell(library, outageKinds[0].name, h)
			s.Panels = append(s.Panels, chart.SharePanel{
				Title: plotName(library) + ": " + harm(c.MostFailed, c.MostExpired, "no call failed"), End: h, Steps: good(c.Worst),
			})
		}
	}
	return s
}

// good returns steps with only the share of calls that had a good token.
func good(steps []chart.Step) (all []chart.Step) {
	for _, s := range steps {
		all = append(all, chart.Step{From: s.From, To: s.To, Shares: s.Shares[:1]})
	}
	return all
}

// allStarts is the chart of the longest outages, over all starts.
func allStarts(o results.Outage) chart.Shares {
	const longest = 24
	s := chart.Shares{
		Title: "An outage of 24 hours, begun in each hour of a token's life", Time: "hours since the outage began", Whole: "calls, one a minute",
		Columns: 2, Height: 60,
		Parts: []string{"good token", "expired token", "no token: the call fails"},
		From:  -6, To: longest + 6,
		Notes: []string{"The outage, of the token endpoint, is between the dashed lines. Tokens live 24 hours."},
	}
	for _, library := range outageLibraries(o) {
		c, ok := o.Cell(library, outageKinds[0].name, longest)
		if !ok {
			continue
		}
		s.Panels = append(s.Panels, chart.SharePanel{
			Title: plotName(library) + ": " + groups(c.Failed) + " failed" + also(c.Expired), End: longest, Steps: c.All,
		})
		if library == awsRole && c.Expired > 0 {
			s.Notes = append(s.Notes, "aws ec2rolecreds, for EC2, refreshes hourly, and serves its token beyond the end: services refuse that.")
		}
	}
	return s
}

func also(expired int) string {
	if expired == 0 {
		return ""
	}
	return ", " + groups(expired) + " expired"
}

// plotName is the name of a library in a plot.
func plotName(library string) string {
	return strings.NewReplacer(halfLife, "aztoken", maxAge, "aztoken with MaxAge(1h)").Replace(library)
}

func groups(n int) string { return report.Thousands(float64(n)) }
