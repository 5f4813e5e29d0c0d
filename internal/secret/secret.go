// Package secret holds secrets so that nothing prints them.
package secret

import (
	"fmt"
	"log/slog"
)

const redacted = "REDACTED"

// Value keeps a secret in a closure, where neither reflection nor an unsafe pointer finds it: what
// walks unexported fields and follows pointers, as the diff of a failed test does, prints a func as
// an address. The zero Value holds the zero T.
type Value[T any] struct{ reveal func() T }

// Text is a secret string.
type Text = Value[string]

// New returns a Value that holds v.
func New[T any](v T) Value[T] { return Value[T]{reveal: func() T { return v }} }

// Reveal returns the secret. There is no other way to read it.
func (v Value[T]) Reveal() T {
	if v.reveal == nil {
		var zero T
		return zero
	}
	return v.reveal()
}

// String returns "REDACTED".
func (Value[T]) String() string { return redacted }

// Format writes "REDACTED" for every verb: %x and %#v would print the field.
func (Value[T]) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// LogValue implements [slog.LogValuer].
func (Value[T]) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText implements [encoding.TextMarshaler], for JSON and similar formats.
func (Value[T]) MarshalText() ([]byte, error) { return []byte(redacted), nil }
