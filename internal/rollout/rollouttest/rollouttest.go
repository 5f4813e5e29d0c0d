// Package rollouttest tests what commands promise that change a directory in steps: wherever a run
// ends, the same command goes on.
package rollouttest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/seed-ac726066/aztoken/internal/graph/graphtest"
)

// Command is a command in a directory of its own.
type Command struct {
	Directory *graphtest.Server
	// Run makes one run, and returns how many steps there were to take.
	Run func(ctx context.Context) (steps int, err error)
	// Complete requires that all is there that the command is for, once.
	Complete func(t *testing.T)
}

// Resume ends a run of the command at each of its writes in turn, which are at least as many as
// steps, before and after the directory has applied it; and requires that a second run completes
// it, and a third has nothing to do. Each time begins anew, in virtual time.
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

// endedAt ends a run at its n-th write, and lets another go on. It is false if the first came to
// its end before that.
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
