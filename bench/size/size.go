package main

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// weight is what a program weighs.
type weight struct {
	bytes    int64
	modules  int // linked, without that of the program
	packages int // linked, outside the standard library and the program
}

// weigh builds the program of a folder of programs, without what only a debugger needs.
func weigh(ctx context.Context, program string) (weight, error) {
	dir, err := os.MkdirTemp("", "size")
	if err != nil {
		return weight{}, fmt.Errorf("size: %w", err)
	}
	defer os.RemoveAll(dir)
	binary, pkg := filepath.Join(dir, program), modulePath+"/size/programs/"+program
	if _, err := goCommand(ctx, "build", "-trimpath", "-ldflags=-s -w", "-o", binary, pkg); err != nil {
		return weight{}, err
	}
	file, err := os.Stat(binary)
	if err != nil {
		return weight{}, fmt.Errorf("size: %w", err)
	}
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return weight{}, fmt.Errorf("size: %w", err)
	}
	packages, err := goCommand(ctx, "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", pkg)
	if err != nil {
		return weight{}, err
	}
	return weight{file.Size(), len(info.Deps), len(strings.Fields(packages)) - 1}, nil
}

const modulePath = "github.com/seed-ac726066/aztoken/bench"

func goCommand(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("size: go %s: %w: %s", args[0], err, bytes.TrimSpace(stderr.Bytes()))
	}
	return string(out), nil
}
