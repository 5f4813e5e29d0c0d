//go:build !linux

package integrations_test

import "testing"

func runInNamespace() (code int, ran bool) { return 0, false }

func needNamespace(t *testing.T) {
	t.Helper()
	t.Skip("needs a network namespace of its own, which only Linux has")
}

func needVarOpt(t *testing.T) { needNamespace(t) }
