// Package inflight bounds the calls that are under way at the same time.
package inflight

import "context"

// Limiter bounds the calls that are under way, and those in the background to fewer, so that while
// background calls hang a caller who waits still gets through. The zero value admits nothing.
type Limiter struct{ all, background chan struct{} }

// NewLimiter returns a Limiter that admits all calls at a time, of which background may be in the
// background.
func NewLimiter(all, background int) Limiter {
	return Limiter{all: make(chan struct{}, all), background: make(chan struct{}, background)}
}

// Acquire waits for a slot and returns the function that gives it back, which is to be called once,
// or nil if ctx ended first.
func (l Limiter) Acquire(ctx context.Context, background bool) (release func()) {
	if !background {
		return acquire(ctx, l.all)
	}
	releaseBackground := acquire(ctx, l.background)
	if releaseBackground == nil {
		return nil
	}
	releaseSlot := acquire(ctx, l.all)
	if releaseSlot == nil {
		releaseBackground()
		return nil
	}
	return func() {
		releaseSlot()
		releaseBackground()
	}
}

func acquire(ctx context.Context, slots chan struct{}) (release func()) {
	select {
	case slots <- struct{}{}:
		return func() { <-slots }
	case <-ctx.Done():
		return nil
	}
}
