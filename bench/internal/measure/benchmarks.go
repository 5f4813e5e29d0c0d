// Package measure runs Go's benchmarks and reads what they print, for programs that make tables of
// it.
package measure

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/perf/benchfmt"
	"golang.org/x/perf/benchmath"
)

// Result is what several runs of one benchmark say about one operation.
type Result struct {
	NS     float64 // the median, in nanoseconds
	Spread string  // of the median's 95 % confidence interval, such as "3%"
	Bytes  float64 // allocated, the median
	Allocs float64 // the median
}

// Results are those of a run, by the benchmark's name without "Benchmark" and the number of
// processors.
type Results map[string]Result

// Get returns the result of the benchmark called name. A benchmark that did not run is a mistake in
// the program, so Get panics.
func (r Results) Get(name string) Result {
	got, ok := r[benchName(name)]
	if !ok {
		panic(fmt.Sprintf("measure: there is no benchmark %q", name))
	}
	return got
}

// Ratio returns how much slower the benchmark called name is than the one called floor.
func (r Results) Ratio(name, floor string) float64 { return r.Get(name).NS / r.Get(floor).NS }

// benchName writes name as package testing prints it.
func benchName(name string) string { return strings.ReplaceAll(name, " ", "_") }

// Benchmarks runs the benchmarks of a package of this module and shows them as they run: all of
// them once, then all again, so that what slows the machine for a while slows all alike. The
// working directory must be inside the module.
func Benchmarks(ctx context.Context, pkg string, rounds int, benchtime time.Duration) (Results, error) {
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

// Read reads the output of go test -bench.
func Read(from io.Reader) (Results, error) {
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
	results := make(Results, len(all))
	for name, s := range all {
		ns := summary(s.ns)
		results[name] = Result{NS: ns.Center, Spread: ns.PctRangeString(), Bytes: summary(s.bytes).Center, Allocs: summary(s.allocs).Center}
	}
	return results, nil
}

// summary is benchstat's.
func summary(values []float64) benchmath.Summary {
	return benchmath.AssumeNothing.Summary(benchmath.NewSample(values, &benchmath.DefaultThresholds), 0.95)
}
