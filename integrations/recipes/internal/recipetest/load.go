package recipetest

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
)

// Load is a set of callers that use a service repeatedly.
type Load struct {
	end    context.CancelFunc
	calls  atomic.Int64
	failed atomic.Int64
	first  chan error // the first failure
	done   sync.WaitGroup
}

// StartLoad starts the given number of callers. They end with StopWell or with the test.
func StartLoad(t *testing.T, callers int, call func(context.Context) error) *Load {
	t.Helper()
	ctx, end := context.WithCancel(context.Background())
	l := &Load{end: end, first: make(chan error, 1)}
	for range callers {
		l.done.Go(func() {
			for ctx.Err() == nil {
				// The call does not end with the load, so that a call in progress does not count as
				// failed.
				if err := call(context.WithoutCancel(ctx)); err != nil {
					l.failed.Add(1)
					select {
					case l.first <- err:
					default: // the first failure is enough
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

// Await returns once the given number of further calls have ended.
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

// OutliveToken awaits the end of a token of azure's and so many calls after it, and ends the load,
// of which no call may have failed.
func (l *Load) OutliveToken(t *testing.T, azure *imdstest.Server, token aztoken.Token, calls int64) {
	t.Helper()
	require.Eventually(t, func() bool { return time.Now().After(token.ExpiresOn) }, time.Minute, 10*time.Millisecond)
	l.Await(t, calls)
	l.StopWell(t)
	require.Greater(t, azure.Count(), 1)
}

// OutliveFailure lets the client look for another token in vain, after so many calls and before as
// many more, and ends the load, of which no call may have failed.
func (l *Load) OutliveFailure(t *testing.T, client *aztoken.Client, azure *imdstest.Server, resource string, calls int64) {
	t.Helper()
	l.Await(t, calls)
	FailToRotate(t, client, azure, resource)
	l.Await(t, calls)
	l.StopWell(t)
}
