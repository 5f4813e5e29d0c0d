package main

import (
	"fmt"
	"strings"

	"github.com/seed-ac726066/aztoken/bench/internal/chart"
	"github.com/seed-ac726066/aztoken/bench/internal/report"
)

// section is the text of the README's section.
func section(restarted map[string][]run, fleets map[string]fleet, atOnce int) string {
	var b strings.Builder
	var rows [][]string
	for _, k := range kinds() {
		runs := restarted[k.name]
		var unharmed, failed, mostFailed, waited, requests int
		for _, r := range runs {
			if r.failed+r.expired == 0 {
				unharmed++
			}
			failed += r.failed + r.expired
			mostFailed = max(mostFailed, r.failed+r.expired)
			waited += r.waited
			requests += r.requests
		}
		rows = append(rows, []string{
			k.name, fmt.Sprintf("%d/%d", unharmed, len(runs)), fmt.Sprint(mostFailed), fmt.Sprint(failed),
			fmt.Sprintf("%.0f", mean(waited, len(runs))), fmt.Sprintf("%.0f", mean(requests, len(runs))),
		})
	}
	b.WriteString("**A program that is restarted every hour**:\n\n")
	b.WriteString(report.Table([]string{
		"", "starts without harm", "most failed calls", "… of all starts", "calls that waited, mean", "requests, mean",
	}, rows))
	fmt.Fprintf(&b, "\n![calls over time, restarted every hour](%s)\n", plotFile)

	rows = nil
	var size int
	for _, k := range kinds() {
		f := fleets[k.name]
		size = f.instances
		rows = append(rows, []string{
			k.name, report.Thousands(float64(f.cold)), fmt.Sprintf("%.2f s", f.coldTook), report.Thousands(f.daily),
			report.Thousands(float64(f.outageFailed)) + " of " + report.Thousands(float64(f.outageCalls)),
			report.Thousands(float64(f.outageRequests)), fmt.Sprintf("%.0f", f.operations),
		})
	}
	fmt.Fprintf(&b, "\n**A fleet of %s instances** of one identity, for the store on one shared backend:\n\n", report.Thousands(float64(size)))
	b.WriteString(report.Table([]string{
		"", "requests, all started at once", "the last has a token after", "requests a day", "failed calls in the outage",
		"requests in it", "store operations, each client and day",
	}, rows))
	fmt.Fprintf(&b, "\n**50 processes** started at once on one empty directory, in real time, make %d request", atOnce)
	if atOnce != 1 {
		b.WriteString("s")
	}
	b.WriteString(" together.\n")
	return b.String()
}

func mean(sum, n int) float64 { return float64(sum) / float64(max(1, n)) }

// figure is the share of calls that are served around an outage, over all starts.
func figure(restarted map[string][]run) chart.Panels {
	p := chart.Panels{
		Title: "12 h of outage (503), restarted every hour, from each hour of a token's life on",
		Axis:  "hours since the outage began",
		Parts: []string{"calls that get a token", "none; the outage is between the dashed lines"},
		From:  -6, To: outage.Hours() + 6, Begin: 0, End: outage.Hours(),
	}
	for _, k := range kinds() {
		panel := chart.Panel{Title: k.name}
		for i, share := range around(restarted[k.name], p.From, p.To) {
			from := p.From + float64(i)*0.25
			panel.Steps = append(panel.Steps, chart.Step{From: from, To: from + 0.25, Shares: []float64{share}})
		}
		p.Panels = append(p.Panels, panel)
	}
	return p
}
