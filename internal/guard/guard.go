// Package guard runs user code: sources, callbacks and loggers.
//
// The same rule applies to all of it: user code may panic, call [runtime.Goexit], be slow or never
// return, but no caller misses its deadline, and other keys are not affected. The value of a panic
// goes to the logger and to the event's error. Nothing else is guarded: a panic in this module's
// own code is a bug and ends the program.
package guard

import (
	"errors"
	"fmt"
	"runtime/debug"
)

// ErrExited means that the function ended its goroutine (runtime.Goexit), as a failed test
// assertion does.
var ErrExited = errors.New("it ended its goroutine")

// PanicError is what a function panicked with.
type PanicError struct {
	Value any
	Stack []byte
}

// Error returns the text of the panic's value, without the stack.
func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// Run calls f in a new goroutine and returns when that has ended, with nil if f returned, a
// [*PanicError] if it panicked, and [ErrExited] if it ended its goroutine.
func Run(f func()) error {
	done := make(chan error, 1)
	go func() {
		err := ErrExited
		defer func() {
			if p := recover(); p != nil {
				err = &PanicError{Value: p, Stack: debug.Stack()}
			}
			done <- err
		}()
		f()
		err = nil
	}()
	return <-done
}
