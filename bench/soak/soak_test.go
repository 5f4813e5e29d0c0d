package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// brief is a run that a test has time for: thirty lives of tokens of two hours.
func brief(seed uint64, memory *heap) setting {
	return setting{seed: seed, span: 30 * 2 * time.Hour, lifetime: 2 * time.Hour, settle: synctest.Wait, heap: memory}
}

// live runs a setting by its own plan.
func live(t *testing.T, s setting) (tally, []violation) {
	t.Helper()
	return liveThrough(t, s, plan(s.seed, s.span, s.lifetime, courses))
}

// What the library draws by itself, the moments of its refreshes, is another thing each time, and so is how many requests
// that makes: the same are the faults and the calls. This test weighs the heap of the process and so runs alone.
func TestNoPromiseIsBrokenAndASeedDoesTheSameAgain(t *testing.T) {
	memory := newHeap()
	once, broken := live(t, brief(4, memory))
	require.Empty(t, broken)
	again, broken := live(t, brief(4, memory))
	require.Empty(t, broken)
	require.Equal(t, once.steps, again.steps)
	require.Equal(t, once.planned, again.planned)

	require.Greater(t, once.planned, 4000)
	require.Greater(t, once.requests, 50)
	require.Positive(t, once.rotations)
	require.Positive(t, once.without)
	require.Positive(t, once.answers[200])
	require.Equal(t, 1, once.looks)
	for _, c := range courses {
		require.NotEmpty(t, once.steps[c.layer], c.layer)
	}
}

func TestAViolationTellsHowToRunItAgain(t *testing.T) {
	t.Parallel()
	o, err := parse([]string{"-years", "10", "-seed", "3"})
	require.NoError(t, err)
	readme := filepath.Join(t.TempDir(), "README.md")
	require.NoError(t, os.WriteFile(readme, []byte("<!-- soak: begin -->\n<!-- soak: end -->\n"), 0o600))
	o.readme = readme
	good := ended{kind: "virtual time", tally: newTally()}
	good.tally.add(tally{span: day, lives: 1})
	require.NoError(t, o.tell(io.Discard, good))
	written, err := os.ReadFile(readme)
	require.NoError(t, err)
	require.Contains(t, string(written), "| **violations** | **0** |")

	bad := good
	bad.tally.span = 2 * day
	bad.broken = []violation{{finding: finding{noWait, "it waited 1s"}, seed: 7, at: time.Hour, recent: []step{{layer: endpoint, kind: "hang"}}}}
	var told strings.Builder
	require.ErrorIs(t, o.tell(&told, bad), errViolations)
	for _, want := range []string{"seed 7", "1h0m0s", string(noWait), "it waited 1s", "endpoint hang", "go run ./soak -years 1 -lifetime 24h0m0s -seed 7"} {
		require.Contains(t, told.String(), want)
	}
	unchanged, err := os.ReadFile(readme)
	require.NoError(t, err)
	require.Equal(t, written, unchanged, "a run with violations is no figure for the README")
}

func TestTheSameWorldRunsInRealTime(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes some seconds of real time")
	}
	o, err := parse([]string{"-real", "4s", "-lifetime", "10s"})
	require.NoError(t, err)
	e := inRealTime(o)
	for _, v := range e.broken {
		t.Error(v)
	}
	require.Positive(t, e.tally.requests)
	require.Positive(t, sum(e.tally.calls))
}
