// Package virtualtime runs tests in virtual time, of which they may spend days.
package virtualtime

import (
	"testing"
	"testing/synctest"
)

// Test runs a test in parallel with others, in virtual time. It fails if a goroutine of it is left
// at its end.
func Test(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, f)
}

// Run runs a subtest in parallel with others, in virtual time, as [Test] does.
func Run(t *testing.T, name string, f func(t *testing.T)) {
	t.Helper()
	t.Run(name, func(t *testing.T) { Test(t, f) })
}
