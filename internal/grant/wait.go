package grant

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-ac726066/aztoken/internal/graph"
)

// The waits for replication: short at first, as it takes seconds as a rule, and never long, as somebody looks on.
const (
	firstWait = 500 * time.Millisecond
	maxWait   = 15 * time.Second
)

// nextWait is how long to wait after a wait of last, and after err.
func nextWait(last time.Duration, err error) time.Duration {
	wait := min(max(firstWait, 2*last), maxWait)
	var e *graph.Error
	if errors.As(err, &e) {
		wait = max(wait, e.RetryAfter)
	}
	return wait
}

// errNotSeen is that a change is not seen yet.
var errNotSeen = errors.New("the change is not seen yet")

// passes says whether what err tells of passes by itself.
func passes(err error) bool {
	if errors.Is(err, errNotSeen) {
		return true
	}
	switch graph.KindOf(err) {
	case graph.NotReplicated, graph.RoleNotThereYet, graph.Throttled:
		return true
	}
	return false
}

// patiently calls try until it succeeds, fails for good, or ctx ends. tell is called each second that is waited, with the
// whole time of the waiting and what is waited for.
func patiently(ctx context.Context, try func() error, tell func(waited time.Duration, why error)) error {
	start := time.Now()
	var before error
	for wait := time.Duration(0); ; {
		err := try()
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil && before != nil:
			return &gaveUp{before, ctx.Err(), time.Since(start)}
		case !passes(err):
			return err
		}
		before = err
		wait = nextWait(wait, err)
		for left := wait; left > 0; left -= time.Second {
			tell(time.Since(start), err)
			select {
			case <-ctx.Done():
				return &gaveUp{err, ctx.Err(), time.Since(start)}
			case <-time.After(min(left, time.Second)):
			}
		}
	}
}

// gaveUp is the error where the time, or the patience of whoever looks on, ended before err passed.
type gaveUp struct {
	err, end error
	waited   time.Duration
}

func (g *gaveUp) Error() string {
	return fmt.Sprintf("%v (waited for %s)", g.err, g.waited.Round(time.Second))
}

// Unwrap gives both what was waited for and what ended the waiting.
func (g *gaveUp) Unwrap() []error { return []error{g.err, g.end} }
