package rollout

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-ac726066/aztoken/internal/graph"
)

// The waits for replication: short at first, because it usually takes seconds, and never long,
// because somebody is watching.
const (
	firstWait = 500 * time.Millisecond
	maxWait   = 15 * time.Second
)

// nextWait returns how long to wait after a wait of last that ended with err.
func nextWait(last time.Duration, err error) time.Duration {
	wait := min(max(firstWait, 2*last), maxWait)
	var e *graph.Error
	if errors.As(err, &e) {
		wait = max(wait, e.RetryAfter)
	}
	return wait
}

// ErrNotSeen means that a change is not visible yet. A try that returns it is repeated.
var ErrNotSeen = errors.New("the change is not visible yet")

// isTransient reports whether err goes away with time.
func isTransient(err error) bool {
	if errors.Is(err, ErrNotSeen) {
		return true
	}
	switch graph.KindOf(err) {
	case graph.NotReplicated, graph.RoleNotThereYet, graph.Conflict, graph.Throttled:
		return true
	}
	return false
}

// untilReplicated calls try until it succeeds, fails for good, or ctx ends. While it waits it
// calls tell every second, with the total time and what it waits for.
func untilReplicated(ctx context.Context, try func() error, tell func(waited time.Duration, why error)) error {
	start := time.Now()
	var before error
	for wait := time.Duration(0); ; {
		err := try()
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil && before != nil:
			return &waitError{before, ctx.Err(), time.Since(start)}
		case !isTransient(err):
			return err
		}
		before = err
		wait = nextWait(wait, err)
		for left := wait; left > 0; left -= time.Second {
			tell(time.Since(start), err)
			select {
			case <-ctx.Done():
				return &waitError{err, ctx.Err(), time.Since(start)}
			case <-time.After(min(left, time.Second)):
			}
		}
	}
}

// waitError is the error of a wait that ended before err went away.
type waitError struct {
	err, end error
	waited   time.Duration
}

func (g *waitError) Error() string {
	return fmt.Sprintf("%v (waited for %s)", g.err, g.waited.Round(time.Second))
}

// Unwrap returns what was waited for and what ended the wait.
func (g *waitError) Unwrap() []error { return []error{g.err, g.end} }
