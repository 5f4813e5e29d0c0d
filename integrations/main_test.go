package integrations_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain runs the tests in a network namespace of their own, which has the address that IMDS has
// on a virtual machine. Where there can be no such namespace it runs them where it is, and those
// that need it skip.
func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		os.Exit(child())
	}
	if code, ran := runInNamespace(); ran {
		os.Exit(code)
	}
	goleak.VerifyTestMain(m)
}
