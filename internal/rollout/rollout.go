// Package rollout carries out the steps of a change to the directory. It waits when replication
// delays them, and reports progress.
package rollout

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Progress reports what happens to a step.
type Progress struct {
	// Step is the step in the imperative, for people.
	Step string
	// Done reports whether the step is done, now or before.
	Done bool
	// Waited is how long Step has waited for replication, and Why for what. Only while not Done.
	Waited time.Duration
	Why    error
}

// Retry calls try until it succeeds, fails for good, or the time of the step ends.
type Retry func(try func() error) error

// Step carries out a step: do makes its calls, each through retry. tell is called every second
// while the step waits, and when it is done.
func Step(ctx context.Context, text string, tell func(Progress), do func(retry Retry) error) error {
	err := do(func(try func() error) error {
		return untilReplicated(ctx, try, func(waited time.Duration, why error) {
			tell(Progress{Step: text, Waited: waited, Why: why})
		})
	})
	if err != nil {
		return unfinished(text, err)
	}
	tell(Progress{Step: text, Done: true})
	return nil
}

// unfinished returns the error of a step.
func unfinished(text string, err error) error {
	err = fmt.Errorf("aztoken: could not %s: %w", text, err)
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return fmt.Errorf("%w; finished steps stay: run the same command again, with a longer --timeout if needed", err)
	}
	return err
}
