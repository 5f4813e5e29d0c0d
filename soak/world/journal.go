package world

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/seed-ac726066/aztoken/soak/plan"
	"github.com/seed-ac726066/aztoken/soak/rules"
)

const (
	// enough is how many violations of a run are kept: one mistake breaks rules at every call.
	enough = 3
	// recentSteps is how many of the last steps a violation lists.
	recentSteps = 12
)

// Violation is a broken rule with what is needed to look into it.
type Violation struct {
	rules.Finding
	Seed   uint64
	At     time.Duration
	Recent []plan.Step
}

func (v Violation) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "VIOLATION of %q\n  seed %d, %v after the start: %s\n", v.Rule, v.Seed, v.At, v.What)
	for _, s := range v.Recent {
		fmt.Fprintf(&b, "    %v\n", s)
	}
	return b.String()
}

// Result is what was found in a run.
type Result struct {
	Tally      Tally
	Violations []Violation
}

// journal is the record of a run: what happened and what was found.
type journal struct {
	seed  uint64
	start time.Time

	// mu guards what follows. It is the last to be locked.
	mu         sync.Mutex
	tally      Tally
	violations []Violation
	recent     []plan.Step
}

func newJournal(s Setting, start time.Time) *journal {
	j := &journal{seed: s.Seed, start: start, tally: NewTally()}
	j.tally.Runs, j.tally.Span, j.tally.Lives = 1, s.Span, float64(s.Span)/float64(s.Lifetime)
	return j
}

// begin notes a step.
func (j *journal) begin(s plan.Step) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.tally.addStep(s.Layer, s.Kind, 1)
	if j.recent = append(j.recent, s); len(j.recent) > recentSteps {
		j.recent = j.recent[1:]
	}
}

// report notes what was found.
func (j *journal) report(found []rules.Finding) {
	if len(found) == 0 {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, f := range found {
		j.tally.Broken[f.Rule]++
		if len(j.violations) < enough {
			j.violations = append(j.violations, Violation{f, j.seed, time.Since(j.start), append([]plan.Step(nil), j.recent...)})
		}
	}
}

// count changes the tally.
func (j *journal) count(f func(*Tally)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	f(&j.tally)
}

// isFull reports whether there are enough violations to end the run.
func (j *journal) isFull() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.violations) >= enough
}

func (j *journal) result() Result {
	j.mu.Lock()
	defer j.mu.Unlock()
	return Result{j.tally, append([]Violation(nil), j.violations...)}
}
