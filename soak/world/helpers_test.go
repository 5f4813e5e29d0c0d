package world

import (
	"testing"
	"time"

	"github.com/seed-ac726066/aztoken/soak/plan"
)

// brief returns a run that a test has time for: thirty lives of tokens of two hours.
func brief(seed uint64) Setting {
	return Setting{Seed: seed, Span: 30 * 2 * time.Hour, Lifetime: 2 * time.Hour, Heap: NewHeap()}
}

// run runs a setting by the plan of its seed.
func run(t *testing.T, s Setting) Result {
	t.Helper()
	return Virtual(t, s, plan.New(s.Seed, s.Span, s.Lifetime, plan.Virtual()))
}
