package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/soak/plan"
	"github.com/seed-ac726066/aztoken/soak/rules"
	"github.com/seed-ac726066/aztoken/soak/world"
)

func TestParse(t *testing.T) {
	t.Parallel()
	t.Run("has tokens of a day in virtual time", func(t *testing.T) {
		t.Parallel()
		o, err := parse([]string{"-years", "10", "-seed", "3"})
		require.NoError(t, err)
		require.Equal(t, options{years: 10, lifetime: day, seed: 3}, o)
		require.Equal(t, plan.New(3, 365*day, day, plan.Virtual()), o.steps(), "of the first year")
	})
	t.Run("has tokens of three minutes in real time", func(t *testing.T) {
		t.Parallel()
		o, err := parse([]string{"-real", "10m"})
		require.NoError(t, err)
		require.Equal(t, 3*time.Minute, o.lifetime)
		require.Equal(t, plan.New(1, 10*time.Minute, 3*time.Minute, plan.Real()), o.steps())
	})
}

func TestReport(t *testing.T) {
	t.Parallel()
	o, err := parse([]string{"-years", "10", "-seed", "3"})
	require.NoError(t, err)
	good := newSummary("virtual time")
	good.add(world.Result{Tally: world.Tally{Runs: 1, Span: day, Lives: 1, Calls: map[world.Way]int{"Token": 7}}})

	t.Run("goes into the README", func(t *testing.T) {
		t.Parallel()
		o := o
		o.readme = readme(t, "# Head\n<!-- soak: begin -->\nold\n<!-- soak: end -->\ntail\n")
		for range 2 {
			require.NoError(t, o.report(io.Discard, good))
			written, err := os.ReadFile(o.readme)
			require.NoError(t, err)
			require.Equal(t, "# Head\n<!-- soak: begin -->\n"+good.table()+"<!-- soak: end -->\ntail\n", string(written))
		}
		require.Contains(t, good.table(), "| calls | 7 | Token 7; ")
		require.Contains(t, good.table(), "| **violations** | **0** |")
	})
	t.Run("fails without a section in the README", func(t *testing.T) {
		t.Parallel()
		for _, text := range []string{"text\n", "<!-- soak: end -->\n<!-- soak: begin -->\n",
			strings.Repeat("<!-- soak: begin -->\n<!-- soak: end -->\n", 2)} {
			o := o
			o.readme = readme(t, text)
			require.ErrorContains(t, o.report(io.Discard, good), "sections soak")
			unchanged, err := os.ReadFile(o.readme)
			require.NoError(t, err)
			require.Equal(t, text, string(unchanged))
		}
	})
	t.Run("of a violation says how to repeat it, and leaves the README alone", func(t *testing.T) {
		t.Parallel()
		const text = "<!-- soak: begin -->\n<!-- soak: end -->\n"
		o := o
		o.readme = readme(t, text)
		bad := good
		bad.Violations = []world.Violation{{
			Finding: rules.Finding{Rule: rules.NoWait, What: "it waited 1s"}, Seed: 7, At: time.Hour,
			Recent: []plan.Step{{Layer: plan.Endpoint, Kind: "hang"}},
		}}
		var told strings.Builder
		require.ErrorIs(t, o.report(&told, bad), errViolations)
		for _, want := range []string{
			"seed 7", "1h0m0s", string(rules.NoWait), "it waited 1s", "endpoint hang", "go run . -years 1 -lifetime 24h0m0s -seed 7",
		} {
			require.Contains(t, told.String(), want)
		}
		unchanged, err := os.ReadFile(o.readme)
		require.NoError(t, err)
		require.Equal(t, text, string(unchanged))
	})
}

func readme(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "README.md")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	return file
}

func TestRunReal(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes some seconds of real time")
	}
	o, err := parse([]string{"-real", "4s", "-lifetime", "10s"})
	require.NoError(t, err)
	s, err := o.runReal()
	require.NoError(t, err)
	for _, v := range s.Violations {
		t.Error(v)
	}
	require.Positive(t, s.Tally.Requests)
	require.Positive(t, sum(s.Tally.Calls))
}
