package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A target is a system for which a program is built.
type target struct{ os, arch string }

func supported() []target {
	return []target{
		{"linux", "amd64"}, {"linux", "arm64"}, {"darwin", "amd64"}, {"darwin", "arm64"}, {"windows", "amd64"}, {"windows", "arm64"},
	}
}

func (t target) String() string { return t.os + "/" + t.arch }

func (t target) program() string {
	if t.os == "windows" {
		return "aztoken.exe"
	}
	return "aztoken"
}

// extension is that of the archive that the system can open without further tools.
func (t target) extension() string {
	if t.os == "windows" {
		return ".zip"
	}
	return ".tar.gz"
}

// build builds the command. Anything about the machine that could get into the program is left out
// or has a fixed value: the directory (-trimpath), the state of the checkout (-buildvcs), the C
// compiler, and the user's settings.
func (r release) build(ctx context.Context, t target, program string) error {
	program, err := filepath.Abs(program)
	if err != nil {
		return err
	}
	env := []string{
		"GOOS=" + t.os, "GOARCH=" + t.arch, "CGO_ENABLED=0", "GOAMD64=v1", "GOARM64=v8.0", "GOFLAGS=", "GOEXPERIMENT=", "GOWORK=off",
	}
	if r.cache != "" {
		cache, err := filepath.Abs(r.cache)
		if err != nil {
			return err
		}
		env = append(env, "GOCACHE="+cache)
	}
	_, err = goCommand(ctx, r.root, env, "build", "-trimpath", "-buildvcs=false",
		"-ldflags=-s -w -X main.version="+r.version, "-o", program, "./cmd/aztoken")
	return err
}

// describe writes the bill of materials of a program, in the form of CycloneDX. It names the digest
// of the tool that wrote it, which has to be reproducible too.
func (r release) describe(ctx context.Context, program, file string) error {
	file, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	_, err = goCommand(ctx, r.root, []string{"GOFLAGS=-trimpath", "CGO_ENABLED=0"}, "run", "github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0",
		"bin", "-json", "-std", "-noserial", "-notimestamp", "-version", r.version, "-output", file, program)
	return err
}

// goCommand runs the go command and returns what it prints.
func goCommand(ctx context.Context, dir string, env []string, args ...string) (string, error) {
	var stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir, cmd.Env, cmd.Stderr = dir, append(os.Environ(), env...), &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go %s: %w\n%s", args[0], err, stderr.Bytes())
	}
	return strings.TrimSpace(string(out)), nil
}
