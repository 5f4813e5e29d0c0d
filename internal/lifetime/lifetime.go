// Package lifetime ends the goroutines of an owner: it signals the end to them and waits for them.
package lifetime

import (
	"context"
	"sync"
	"time"
)

// Lifetime is the time from New to End, and the goroutines that Wait waits for. A nil Lifetime has
// ended.
type Lifetime struct {
	ctx    context.Context
	cancel context.CancelFunc

	// mu orders Enter before Wait: a WaitGroup must not grow from zero during a Wait.
	mu      sync.Mutex
	running sync.WaitGroup
}

// New returns a Lifetime that has begun.
func New() *Lifetime {
	ctx, cancel := context.WithCancel(context.Background())
	return &Lifetime{ctx: ctx, cancel: cancel}
}

// Context returns the context that ends with the lifetime.
func (l *Lifetime) Context() context.Context { return l.ctx }

// Done returns a channel that is closed when the lifetime ends.
func (l *Lifetime) Done() <-chan struct{} { return l.ctx.Done() }

// Ended reports whether the lifetime has ended.
func (l *Lifetime) Ended() bool { return l == nil || l.ctx.Err() != nil }

// Enter adds the calling goroutine to those that Wait waits for, until it calls Leave. It reports
// false, and adds nothing, when the lifetime has ended.
func (l *Lifetime) Enter() bool {
	if l == nil {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ctx.Err() != nil {
		return false
	}
	l.running.Add(1)
	return true
}

// Leave is the counterpart of an Enter that reported true.
func (l *Lifetime) Leave() { l.running.Done() }

// Go runs f in a goroutine that Wait waits for. It reports false, and runs nothing, when the
// lifetime has ended.
func (l *Lifetime) Go(f func()) bool {
	if !l.Enter() {
		return false
	}
	go func() {
		defer l.Leave()
		f()
	}()
	return true
}

// End ends the lifetime. Nothing can enter from then on.
func (l *Lifetime) End() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cancel()
}

// Wait waits for the goroutines of a lifetime that has ended, limit at most, and reports whether
// all have ended.
func (l *Lifetime) Wait(limit time.Duration) bool {
	done := make(chan struct{})
	go func() {
		l.running.Wait()
		close(done)
	}()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		return false
	}
}
