// Package gotool runs the go command.
package gotool

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
)

// Output returns what the go command prints. The error has what it prints to stderr.
func Output(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("gotool: go %s: %w: %s", args[0], err, bytes.TrimSpace(stderr.Bytes()))
	}
	return string(out), nil
}
