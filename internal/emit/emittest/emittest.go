// Package emittest checks emitted text with the tools that it is for, without running it.
package emittest

import (
	"os/exec"
	"strings"
	"testing"
)

// Script checks the syntax of a script with bash. Errors begin with name. The test is skipped if
// there is no bash.
func Script(tb testing.TB, name, text string) {
	tb.Helper()
	read(tb, name, text, "bash", "-n")
}

// Configuration checks that Terraform can read a configuration and would not format it differently.
// Errors begin with name. The test is skipped if there is no Terraform.
func Configuration(tb testing.TB, name, text string) {
	tb.Helper()
	read(tb, name, text, "terraform", "fmt", "-check", "-diff", "-")
}

func read(tb testing.TB, name, text, program string, args ...string) {
	tb.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		tb.Skipf("there is no %s to check what is emitted for it", program)
	}
	cmd := exec.CommandContext(tb.Context(), path, args...)
	cmd.Stdin = strings.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("%s: %v: %s", name, err, out)
	}
}
