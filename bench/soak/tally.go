package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/seed-ac726066/aztoken/bench/internal/report"
)

// tally is what a run counts.
type tally struct {
	runs           int
	span           time.Duration
	lives          float64 // the span in lifetimes of a token
	calls          map[way]int
	planned        int // calls whose moment the seed decides, and not the end of a token
	without        int // calls that began without a token in hand
	failed         int // calls for a token that failed
	answers        map[int]int
	steps          map[layer]map[string]int
	events         map[string]int
	rotations      int
	requests       int
	worstHour      int
	fetches        int
	worstFetchHour int
	mostInFlight   int
	worstWait      time.Duration
	looks          int
	mostGoroutines int
	broken         map[rule]int
}

func newTally() tally {
	return tally{
		calls: map[way]int{}, answers: map[int]int{}, steps: map[layer]map[string]int{}, events: map[string]int{}, broken: map[rule]int{},
	}
}

// add adds what another run counted.
func (t *tally) add(o tally) {
	t.runs++
	t.span += o.span
	t.lives += o.lives
	t.planned += o.planned
	t.without += o.without
	t.failed += o.failed
	t.rotations += o.rotations
	t.requests += o.requests
	t.fetches += o.fetches
	t.looks += o.looks
	t.worstHour = max(t.worstHour, o.worstHour)
	t.worstFetchHour = max(t.worstFetchHour, o.worstFetchHour)
	t.mostInFlight = max(t.mostInFlight, o.mostInFlight)
	t.worstWait = max(t.worstWait, o.worstWait)
	t.mostGoroutines = max(t.mostGoroutines, o.mostGoroutines)
	addAll(t.calls, o.calls)
	addAll(t.answers, o.answers)
	for l, kinds := range o.steps {
		for kind, n := range kinds {
			t.step(l, kind, n)
		}
	}
	addAll(t.events, o.events)
	addAll(t.broken, o.broken)
}

func (t *tally) step(l layer, kind string, n int) {
	if t.steps[l] == nil {
		t.steps[l] = map[string]int{}
	}
	t.steps[l][kind] += n
}

func addAll[K comparable](to, from map[K]int) {
	for k, n := range from {
		to[k] += n
	}
}

func sum[K comparable](m map[K]int) (all int) {
	for _, n := range m {
		all += n
	}
	return all
}

// listed writes counts as "name n, name n".
func listed[K interface{ ~string | ~int }](m map[K]int) string {
	var all []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		all = append(all, fmt.Sprintf("%v %d", k, m[k]))
	}
	return strings.Join(all, ", ")
}

// table is the tally as Markdown; kind is that of the time.
func (t tally) table(kind string, heapWorst int64) string {
	rows := [][]string{
		{kind, fmt.Sprintf("%v h", t.span.Hours()), fmt.Sprintf("%.4g lives of a token, in %d runs", t.lives, t.runs)},
		{"calls", fmt.Sprint(sum(t.calls)), fmt.Sprintf("%s; of all %d at moments that the seeds decide", listed(t.calls), t.planned)},
		{"of them without a token in hand", fmt.Sprint(t.without), fmt.Sprintf("at a start, or as an outage outlasted it; %d failed", t.failed)},
		{"longest wait with a token in hand", fmt.Sprint(t.worstWait), "of calls for a token"},
		{"requests to the endpoint", fmt.Sprint(t.requests), fmt.Sprintf("%.1f in a life, for three tokens; for one at most %d in an hour; at most %d under way", float64(t.requests)/t.lives, t.worstHour, t.mostInFlight)},
		{"answers of the verifier", fmt.Sprint(sum(t.answers)), listed(t.answers)},
		{"fetches of keys", fmt.Sprint(t.fetches), fmt.Sprintf("%.1f in a life; at most %d in an hour", float64(t.fetches)/t.lives, t.worstFetchHour)},
		{"rotations", fmt.Sprint(t.rotations), "told to subscribers"},
		{"goroutines at rest", fmt.Sprint(t.mostGoroutines), fmt.Sprintf("at most, in %d looks", t.looks)},
		{"heap", fmt.Sprintf("%.0f MiB", float64(heapWorst)/(1<<20)), "grown by at most, with the fakes' logs of requests"},
	}
	for _, c := range inReal() {
		if kinds := t.steps[c.layer]; len(kinds) > 0 {
			rows = append(rows, []string{"faults: " + string(c.layer), fmt.Sprint(sum(kinds)), listed(kinds)})
		}
	}
	return report.Table([]string{"", "", ""}, append(rows, []string{"**violations**", fmt.Sprintf("**%d**", sum(t.broken)), listed(t.broken)}))
}
