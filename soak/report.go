package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/seed-ac726066/aztoken/soak/plan"
)

var errViolations = errors.New("soak: promises were broken; see above")

// report prints the summary, and saves it if requested.
func (o options) report(to io.Writer, s summary) error {
	fmt.Fprint(to, s.table())
	for _, v := range s.Violations {
		fmt.Fprintf(to, "%v  again: %s\n", v, o.again(v.Seed))
	}
	if len(s.Violations) > 0 {
		return errViolations
	}
	if o.keep {
		return s.keep(".")
	}
	return nil
}

// table returns the summary as Markdown.
func (s summary) table() string {
	t := s.Tally
	rows := [][3]string{
		{},
		{s.Clock, fmt.Sprintf("%v h", t.Span.Hours()), fmt.Sprintf("%.4g lives of a token, in %d runs", t.Lives, t.Runs)},
		{"calls", fmt.Sprint(sum(t.Calls)), fmt.Sprintf("%s; %d of all at moments that the seeds decide", list(t.Calls), t.Planned)},
		{"of them without a token in hand", fmt.Sprint(t.Without),
			fmt.Sprintf("at a start, or when an outage outlasted it; %d failed", t.Failed)},
		{"longest wait with a token in hand", fmt.Sprint(t.WorstWait), "of calls for a token"},
		{"requests to the endpoint", fmt.Sprint(t.Requests),
			fmt.Sprintf("%.1f in a life, for three tokens; for one at most %d in an hour; at most %d in flight",
				float64(t.Requests)/t.Lives, t.WorstHour, t.MostInFlight)},
		{"answers of the verifier", fmt.Sprint(sum(t.Answers)), list(t.Answers)},
		{"fetches of keys", fmt.Sprint(t.Fetches),
			fmt.Sprintf("%.1f in a life; at most %d in an hour", float64(t.Fetches)/t.Lives, t.WorstFetchHour)},
		{"rotations", fmt.Sprint(t.Rotations), "delivered to subscribers"},
		{"goroutines at rest", fmt.Sprint(t.MostGoroutines), fmt.Sprintf("at most, in %d looks", t.Looks)},
		{"heap", fmt.Sprintf("%.0f MiB", float64(s.Heap)/(1<<20)), "growth at most, with the fakes' logs of requests"},
	}
	for _, c := range plan.Real() {
		if kinds := t.Steps[c.Layer]; len(kinds) > 0 {
			rows = append(rows, [3]string{"faults: " + string(c.Layer), fmt.Sprint(sum(kinds)), list(kinds)})
		}
	}
	rows = append(rows, [3]string{"**violations**", fmt.Sprintf("**%d**", sum(t.Broken)), list(t.Broken)})
	var b strings.Builder
	for i, row := range rows {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", row[0], row[1], row[2])
		if i == 0 {
			b.WriteString("|---|---:|---|\n")
		}
	}
	return b.String()
}

func sum[K comparable](m map[K]int) (all int) {
	for _, n := range m {
		all += n
	}
	return all
}

// list returns counts as "name n, name n".
func list[K interface{ ~string | ~int }](m map[K]int) string {
	var all []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		all = append(all, fmt.Sprintf("%v %d", k, m[k]))
	}
	return strings.Join(all, ", ")
}
