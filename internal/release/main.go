// Command release makes the files of a release of the command aztoken: an archive and a bill of
// materials for each system, and the checksums of all of them.
//
//	go run ./internal/release -version v0.1.0
//
// The same commit, version and Go produce the same bytes, in any directory and at any time. It
// needs no network once the modules are in the module cache.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A release describes what to make.
type release struct {
	root    string // the directory of the module
	out     string // where the files go
	cache   string // the build cache of the programs; "" is the user's
	version string
	date    time.Time // of the files in the archives
	targets []target
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	r := release{root: ".", targets: supported()}
	flag.StringVar(&r.version, "version", "", "the version: the tag, such as v0.1.0")
	flag.StringVar(&r.out, "out", "dist", "the directory to write to, which is made")
	flag.StringVar(&r.cache, "cache", "", "the build cache of the programs, the user's by default; with an empty directory everything is compiled")
	only := flag.String("only", "", "one system alone, such as linux/amd64")
	flag.Parse()
	if *only != "" {
		r.targets = slices.DeleteFunc(r.targets, func(t target) bool { return t.String() != *only })
	}
	if err := r.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

// semantic is a version as the go command knows it.
//
// https://go.dev/ref/mod#versions
var semantic = regexp.MustCompile(`^v\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$`)

func (r release) run(ctx context.Context) (err error) {
	if !semantic.MatchString(r.version) {
		return fmt.Errorf("the version is %q; set -version to a tag such as v0.1.0", r.version)
	}
	if r.date.IsZero() {
		if r.date, err = sourceDate(ctx, r.root); err != nil {
			return err
		}
	}
	if len(r.targets) == 0 {
		return fmt.Errorf("no such system; there are %v", supported())
	}
	if err := os.MkdirAll(r.out, 0o755); err != nil {
		return err
	}
	var made []string
	for _, t := range r.targets {
		files, err := r.make(ctx, t)
		if err != nil {
			return fmt.Errorf("%s: %w", t, err)
		}
		made = append(made, files...)
	}
	return writeChecksums(r.out, made)
}

// make makes the files of one system and returns their names.
func (r release) make(ctx context.Context, t target) ([]string, error) {
	dir, err := os.MkdirTemp("", "release")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	program := filepath.Join(dir, t.program())
	if err := r.build(ctx, t, program); err != nil {
		return nil, err
	}
	base := fmt.Sprintf("aztoken_%s_%s_%s", r.version, t.os, t.arch)
	archive, bill := base+t.extension(), base+".sbom.json"
	if err := r.pack(ctx, program, filepath.Join(r.out, archive)); err != nil {
		return nil, err
	}
	return []string{archive, bill}, r.describe(ctx, program, filepath.Join(r.out, bill))
}

// pack writes the archive of a program.
func (r release) pack(ctx context.Context, program, archive string) error {
	licenses, err := thirdParty(ctx, r.root, program)
	if err != nil {
		return err
	}
	files, err := read(program, filepath.Join(r.root, "LICENSE"), filepath.Join(r.root, "README.md"))
	if err != nil {
		return err
	}
	return writeArchive(archive, r.date, append(files, file{name: "THIRD-PARTY-LICENSES.txt", content: licenses}))
}

// sourceDate returns the date of the commit, or that of the environment if there is none: see
// https://reproducible-builds.org/specs/source-date-epoch/
func sourceDate(ctx context.Context, root string) (time.Time, error) {
	text := os.Getenv("SOURCE_DATE_EPOCH")
	if text == "" {
		cmd := exec.CommandContext(ctx, "git", "log", "-1", "--format=%ct")
		cmd.Dir = root
		out, err := cmd.Output()
		if err != nil {
			return time.Time{}, fmt.Errorf("no date of a commit; set SOURCE_DATE_EPOCH: %w", err)
		}
		text = strings.TrimSpace(string(out))
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("the date is no number of seconds: %w", err)
	}
	return time.Unix(seconds, 0).UTC(), nil
}
