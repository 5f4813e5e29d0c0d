package operation

import (
	"context"
	"sync"
	"time"
)

// WithPatience returns ctx with a deadline d from now, like context.WithTimeout, but without a
// timer until a caller waits for its end: most calls get their answer at once. Call release at the
// end.
func WithPatience(ctx context.Context, d time.Duration) (patient context.Context, release func()) {
	p := &patience{Context: ctx, deadline: time.Now().Add(d)}
	return p, p.release
}

type patience struct {
	context.Context
	deadline time.Time

	mu     sync.Mutex      // guards what follows
	timed  context.Context // nil until a caller waits
	cancel context.CancelFunc
}

// Deadline implements [context.Context].
func (p *patience) Deadline() (time.Time, bool) {
	if outer, ok := p.Context.Deadline(); ok && outer.Before(p.deadline) {
		return outer, true
	}
	return p.deadline, true
}

// Done implements [context.Context].
func (p *patience) Done() <-chan struct{} { return p.timedContext().Done() }

// Err implements [context.Context].
func (p *patience) Err() error { return p.timedContext().Err() }

func (p *patience) timedContext() context.Context {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.timed == nil {
		p.timed, p.cancel = context.WithDeadline(p.Context, p.deadline)
	}
	return p.timed
}

func (p *patience) release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cancel != nil {
		p.cancel()
	}
}
