package recipetest

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Load is callers that use a service again and again.
type Load struct {
	end    context.CancelFunc
	calls  atomic.Int64
	failed atomic.Int64
	first  chan error // the first failure
	done   sync.WaitGroup
}

// StartLoad starts so many callers. They end with Stop, or with the test.
func StartLoad(t *testing.T, callers int, call func(context.Context) error) *Load {
	t.Helper()
	ctx, end := context.WithCancel(context.Background())
	l := &Load{end: end, first: make(chan error, 1)}
	for range callers {
		l.done.Go(func() {
			for ctx.Err() == nil {
				// The call is not ended with the load: one that was cut off is no failure.
				if err := call(context.WithoutCancel(ctx)); err != nil {
					l.failed.Add(1)
					select {
					case l.first <- err:
					default: // the first says enough
					}
				}
				l.calls.Add(1)
			}
		})
	}
	t.Cleanup(l.stop)
	return l
}

func (l *Load) stop() {
	l.end()
	l.done.Wait()
}

// Await returns when so many calls more have ended. On a busy machine a call takes seconds: each login
// to PostgreSQL starts a process that checks the token.
func (l *Load) Await(t *testing.T, calls int64) {
	t.Helper()
	until := l.calls.Load() + calls
	require.Eventually(t, func() bool { return l.calls.Load() >= until }, 3*time.Minute, 5*time.Millisecond)
}

// StopWell ends the load and requires that no call failed.
func (l *Load) StopWell(t *testing.T) {
	t.Helper()
	l.stop()
	select {
	case err := <-l.first:
		require.NoError(t, err, "%d of %d calls failed", l.failed.Load(), l.calls.Load())
	default:
	}
}
