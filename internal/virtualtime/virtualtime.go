// Package virtualtime runs parallel tests in virtual time, where days pass in milliseconds.
package virtualtime

import (
	"testing"
	"testing/synctest"
)

// Test runs a test in parallel with others, in virtual time. The test fails if a goroutine that it
// started is still running at its end.
func Test(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, f)
}

// Run runs a subtest as [Test] runs a test.
func Run(t *testing.T, name string, f func(t *testing.T)) {
	t.Helper()
	t.Run(name, func(t *testing.T) { Test(t, f) })
}
