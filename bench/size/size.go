package main

import (
	"context"
	"debug/buildinfo"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/seed-ac726066/aztoken/bench/internal/gotool"
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
	if _, err := gotool.Output(ctx, "build", "-trimpath", "-ldflags=-s -w", "-o", binary, pkg); err != nil {
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
	packages, err := gotool.Output(ctx, "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", pkg)
	if err != nil {
		return weight{}, err
	}
	return weight{file.Size(), len(info.Deps), len(strings.Fields(packages)) - 1}, nil
}

const modulePath = "github.com/seed-ac726066/aztoken/bench"
