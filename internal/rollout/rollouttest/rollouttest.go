// Package rollouttest tests the promise of commands that change a directory in steps: if a run is
// interrupted, running the same command again completes it.
package rollouttest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/seed-ac726066/aztoken/internal/graph/graphtest"
)

// Command is a command and the directory that it changes.
type Command struct {
	Directory *graphtest.Server
	// Run runs the command and returns how many steps it found to take.
	Run func(ctx context.Context) (steps int, err error)
	// Complete requires that everything the command creates exists exactly once.
	Complete func(t *testing.T)
}

// Resume interrupts a run of the command at each of its writes in turn, both before and after the
// directory has applied the write. It requires that a second run completes the work, that a third
// has nothing to do, and that there were at least the given number of steps to interrupt. begin
// returns a new command for each run, in virtual time.
func Resume(t *testing.T, steps int, begin func(t *testing.T) Command) {
	t.Helper()
	for _, applied := range []bool{false, true} {
		writes := 0
		for endedAt(t, writes+1, applied, begin) {
			writes++
		}
		if writes < steps {
			t.Fatalf("a run ended at %d writes, but there are %d steps", writes, steps)
		}
	}
}

// endedAt interrupts a run at its n-th write and completes the work with another run. It reports
// false if the first run ended before that write.
func endedAt(t *testing.T, n int, applied bool, begin func(t *testing.T) Command) (ended bool) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := begin(t)
		ctx, kill := context.WithCancel(t.Context())
		defer kill()
		c.Directory.Interrupt(n, applied, kill)
		_, err := c.Run(ctx)
		ended = ctx.Err() != nil
		if ended && (!errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "run the same command again")) {
			t.Fatalf("write %d, applied %v: the error is %v", n, applied, err)
		}
		if _, err := c.Run(t.Context()); err != nil {
			t.Fatalf("write %d, applied %v: %v", n, applied, err)
		}
		c.Complete(t)
		left, err := c.Run(t.Context())
		if err != nil || left != 0 {
			t.Fatalf("write %d, applied %v: %d steps are left: %v", n, applied, left, err)
		}
	})
	return ended
}
