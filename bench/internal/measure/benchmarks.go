// Package measure runs Go benchmarks and parses their output, for programs that make tables of it.
package measure

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/perf/benchfmt"

	"github.com/seed-ac726066/aztoken/bench/internal/results"
)

// Benchmarks runs the benchmarks of a package of this module and shows their output as they run:
// all of them once, then all again, so that anything that slows the machine for a while affects all
// of them. The working directory must be inside the module.
func Benchmarks(ctx context.Context, pkg string, rounds int, benchtime time.Duration) (map[string]results.Benchmark, error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, fmt.Errorf("measure: %w", err)
	}
	defer os.RemoveAll(dir)
	binary := filepath.Join(dir, "bench.test")
	if err := run(ctx, os.Stderr, "go", "test", "-c", "-o", binary, pkg); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	for range rounds {
		err := run(ctx, io.MultiWriter(&out, os.Stderr), binary, "-test.run=^$", "-test.bench=.", "-test.benchmem", "-test.benchtime="+benchtime.String())
		if err != nil {
			return nil, err
		}
	}
	return Read(&out)
}

func run(ctx context.Context, out io.Writer, command string, args ...string) error {
	cmd := exec.CommandContext(ctx, command, args...)
	cmd.Stdout, cmd.Stderr = out, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("measure: %s: %w", strings.Join(cmd.Args, " "), err)
	}
	return nil
}

// Read parses the output of go test -bench.
func Read(from io.Reader) (map[string]results.Benchmark, error) {
	type samples struct{ ns, bytes, allocs []float64 }
	all := map[string]*samples{}
	reader := benchfmt.NewReader(from, "go test")
	for reader.Scan() {
		result, ok := reader.Result().(*benchfmt.Result)
		if !ok {
			continue
		}
		name := strings.TrimPrefix(string(result.Name), "Benchmark")
		if at := strings.LastIndexByte(name, '-'); at > 0 && strings.Trim(name[at+1:], "0123456789") == "" {
			name = name[:at]
		}
		s := all[name]
		if s == nil {
			s = &samples{}
			all[name] = s
		}
		seconds, _ := result.Value("sec/op")
		bytes, _ := result.Value("B/op")
		allocs, _ := result.Value("allocs/op")
		s.ns, s.bytes, s.allocs = append(s.ns, seconds*1e9), append(s.bytes, bytes), append(s.allocs, allocs)
	}
	if err := reader.Err(); err != nil {
		return nil, fmt.Errorf("measure: reading the benchmarks: %w", err)
	}
	runs := make(map[string]results.Benchmark, len(all))
	for name, s := range all {
		runs[name] = results.Benchmark{NS: s.ns, Bytes: median(s.bytes), Allocs: median(s.allocs)}
	}
	return runs, nil
}

func median(values []float64) float64 {
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}
