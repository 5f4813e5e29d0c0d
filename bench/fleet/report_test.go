package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTheProgramWritesItsSectionAndPlots(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	readme := filepath.Join(dir, "README.md")
	require.NoError(t, os.WriteFile(readme, []byte("# Before\n<!-- fleet: begin -->\n<!-- fleet: end -->\nafter\n"), 0o644))
	var out strings.Builder
	require.NoError(t, run(&out, 10_000, 1, dir))
	text, err := os.ReadFile(readme)
	require.NoError(t, err)
	require.Contains(t, string(text), out.String())
	require.Contains(t, string(text), "10 000 instances, seed 1, tokens of 24 h, 72 h. A peak is the highest rate of 60 min.")
	require.True(t, strings.HasSuffix(string(text), "<!-- fleet: end -->\nafter\n"))
	for _, sc := range scenarios() {
		require.Contains(t, string(text), "| **"+sc.name+"** |")
		require.Contains(t, string(text), "]("+sc.file+")")
		svg, err := os.ReadFile(filepath.Join(dir, sc.file))
		require.NoError(t, err)
		for _, s := range strategies() {
			require.Equal(t, len(scenarios()), strings.Count(string(text), "| "+s.name+" |"), "a row in each scenario")
			require.Contains(t, string(svg), s.title)
		}
		require.Contains(t, string(svg), "sans-serif")
		require.Equal(t, sc.outage.length > 0, strings.Contains(string(svg), ">outage<"))
	}
}

func TestALineKeepsEveryPeak(t *testing.T) {
	t.Parallel()
	one := newTally(fleet{window: time.Minute})
	one.perWindow[61] = 6000
	got := points(one)
	require.Len(t, got, 72*4)
	require.Equal(t, []float64{0, 100, 0}, got[3:6], "the peak is not lost")
}

func TestFiguresAreWrittenForPeople(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"2.7", "99.9", "1 435"}, []string{multiple(2.74), multiple(99.94), multiple(1435)})
	require.Equal(t, []string{"40 s", "56 min", "2.9 h"}, []string{hours(40 * time.Second), hours(56 * time.Minute), hours(174 * time.Minute)})
}
