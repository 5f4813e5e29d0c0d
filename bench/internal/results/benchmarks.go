package results

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/perf/benchmath"
)

// Benchmarks has the results of a program that runs Go benchmarks.
type Benchmarks struct {
	Versions string `json:"versions"`
	Machine  string `json:"machine"`
	// Runs are by name, without "Benchmark" and the number of processors.
	Runs map[string]Benchmark `json:"runs"`
}

// Benchmark has what was measured in each round, in order.
type Benchmark struct {
	NS     []float64 `json:"ns"`
	Bytes  float64   `json:"bytes"`  // the median
	Allocs float64   `json:"allocs"` // the median
}

// Estimate is a median with its 95 % confidence interval.
type Estimate struct{ Median, Low, High float64 }

// Rounds returns the number of times that each benchmark ran.
func (b Benchmarks) Rounds() int {
	for _, name := range slices.Sorted(maps.Keys(b.Runs)) {
		return len(b.Runs[name].NS)
	}
	return 0
}

// Get returns the benchmark called name. It panics if that benchmark did not run, which is a bug in
// the program.
func (b Benchmarks) Get(name string) Benchmark {
	got, ok := b.Runs[strings.ReplaceAll(name, " ", "_")] // as package testing prints it
	if !ok {
		panic(fmt.Sprintf("results: there is no benchmark %q", name))
	}
	return got
}

// NS returns how long an operation takes, in nanoseconds.
func (b Benchmarks) NS(name string) Estimate { return estimate(b.Get(name).NS) }

// Ratio returns how much slower the benchmark called name is than the one called floor, round by
// round, because anything that slows the machine for a while slows both.
func (b Benchmarks) Ratio(name, floor string) Estimate {
	of, by := b.Get(name).NS, b.Get(floor).NS
	ratios := make([]float64, min(len(of), len(by)))
	for i := range ratios {
		ratios[i] = of[i] / by[i]
	}
	return estimate(ratios)
}

// estimate computes the estimate as benchstat does.
func estimate(values []float64) Estimate {
	s := benchmath.AssumeNothing.Summary(benchmath.NewSample(slices.Clone(values), &benchmath.DefaultThresholds), 0.95)
	return Estimate{s.Center, s.Lo, s.Hi}
}
