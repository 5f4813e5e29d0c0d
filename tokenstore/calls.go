package tokenstore

import (
	"context"
	"fmt"
)

// maxCalls is how many calls of a backend may be under way. It is more than a client needs, and few
// enough that a file system that hangs costs only a handful of goroutines and threads, no matter
// how long it hangs.
const maxCalls = 8

// calls are the places of the calls under way.
type calls chan struct{}

// outcome is what a call returned.
type outcome[T any] struct {
	value T
	err   error
}

// call runs f in one of the places and returns what it returned, or an error as soon as ctx ends. f
// then keeps running and keeps its place until it returns; late gets its value, if late is not nil.
func call[T any](ctx context.Context, places calls, f func() (T, error), late func(T)) (T, error) {
	var none T
	if ctx.Err() != nil {
		return none, unanswered(ctx)
	}
	select {
	case places <- struct{}{}:
	case <-ctx.Done():
		return none, unanswered(ctx)
	}
	done := make(chan outcome[T])
	go func() {
		defer func() { <-places }()
		value, err := f()
		select {
		case done <- outcome[T]{value, err}:
		case <-ctx.Done(): // the caller has left or is about to
			if late != nil {
				late(value)
			}
		}
	}()
	select {
	case got := <-done:
		return got.value, got.err
	case <-ctx.Done():
		return none, unanswered(ctx)
	}
}

// unanswered is the error of a call whose context ended first.
func unanswered(ctx context.Context) error {
	return fmt.Errorf("tokenstore: the backend has not answered: %w", context.Cause(ctx))
}
