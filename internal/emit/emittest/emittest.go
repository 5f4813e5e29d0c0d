// Package emittest has other tools read the text that is written for them, without running it.
package emittest

import (
	"os/exec"
	"strings"
	"testing"
)

// Script has bash read a script, which is emitted for what name says. The test is skipped where
// there is no bash.
func Script(tb testing.TB, name, text string) {
	tb.Helper()
	read(tb, name, text, "bash", "-n")
}

// Configuration has Terraform read a configuration, which must be formatted as it formats. The test
// is skipped where there is no Terraform.
func Configuration(tb testing.TB, name, text string) {
	tb.Helper()
	read(tb, name, text, "terraform", "fmt", "-check", "-diff", "-")
}

func read(tb testing.TB, name, text, program string, args ...string) {
	tb.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		tb.Skipf("there is no %s to read what is written for it", program)
	}
	cmd := exec.CommandContext(tb.Context(), path, args...)
	cmd.Stdin = strings.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("%s: %v: %s", name, err, out)
	}
}
