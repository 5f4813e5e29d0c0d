package world

import (
	"time"

	"github.com/seed-ac726066/aztoken/soak/plan"
	"github.com/seed-ac726066/aztoken/soak/rules"
)

// Tally is what one or more runs counted.
type Tally struct {
	Runs           int
	Span           time.Duration
	Lives          float64 // the span in lifetimes of a token
	Calls          map[Way]int
	Planned        int // calls whose moment the seed decides, and not the end of a token
	Without        int // calls that began without a token in hand
	Failed         int // calls for a token that failed
	Answers        map[int]int
	Steps          map[plan.Layer]map[string]int
	Rotations      int
	Requests       int // to the endpoint
	WorstHour      int
	Fetches        int // of keys
	WorstFetchHour int
	MostInFlight   int
	WorstWait      time.Duration // with a token in hand
	Looks          int           // at the memory
	MostGoroutines int
	Broken         map[rules.Rule]int
}

// NewTally returns an empty Tally.
func NewTally() Tally {
	return Tally{
		Calls: map[Way]int{}, Answers: map[int]int{}, Steps: map[plan.Layer]map[string]int{}, Broken: map[rules.Rule]int{},
	}
}

// Add adds what other runs counted.
func (t *Tally) Add(o Tally) {
	t.Runs += o.Runs
	t.Span += o.Span
	t.Lives += o.Lives
	t.Planned += o.Planned
	t.Without += o.Without
	t.Failed += o.Failed
	t.Rotations += o.Rotations
	t.Requests += o.Requests
	t.Fetches += o.Fetches
	t.Looks += o.Looks
	t.WorstHour = max(t.WorstHour, o.WorstHour)
	t.WorstFetchHour = max(t.WorstFetchHour, o.WorstFetchHour)
	t.MostInFlight = max(t.MostInFlight, o.MostInFlight)
	t.WorstWait = max(t.WorstWait, o.WorstWait)
	t.MostGoroutines = max(t.MostGoroutines, o.MostGoroutines)
	addAll(t.Calls, o.Calls)
	addAll(t.Answers, o.Answers)
	addAll(t.Broken, o.Broken)
	for l, kinds := range o.Steps {
		for kind, n := range kinds {
			t.addStep(l, kind, n)
		}
	}
}

func (t *Tally) addStep(l plan.Layer, kind string, n int) {
	if t.Steps[l] == nil {
		t.Steps[l] = map[string]int{}
	}
	t.Steps[l][kind] += n
}

func addAll[K comparable](to, from map[K]int) {
	for k, n := range from {
		to[k] += n
	}
}
