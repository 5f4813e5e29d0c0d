package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/pages"
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

	t.Run("is kept, and written into the pages", func(t *testing.T) {
		t.Parallel()
		dir := repository(t)
		for range 2 {
			require.NoError(t, good.keep(filepath.Join(dir, "soak")))
			written, err := os.ReadFile(filepath.Join(dir, "soak", "README.md"))
			require.NoError(t, err)
			require.Equal(t, "# Head\n<!-- soak: begin -->\n"+good.table()+"<!-- soak: end -->\ntail\n", string(written))
			for page, link := range map[string]string{"README.md": "soak/README.md", "docs/design.md": "../soak/README.md"} {
				written, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(page)))
				require.NoError(t, err)
				require.Contains(t, string(written), "\n[soak]("+link+")")
				require.Contains(t, string(written), "\n7 calls, ")
			}
		}
		kept, err := stored(filepath.Join(dir, "soak"))
		require.NoError(t, err)
		require.Equal(t, good, kept)
		require.Contains(t, good.table(), "| calls | 7 | Token 7; ")
		require.Contains(t, good.table(), "| **violations** | **0** |")
	})
	t.Run("of a violation says how to repeat it, and is not kept", func(t *testing.T) {
		t.Parallel()
		bad, o := good, o
		o.keep = true // saves into a folder without the pages
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
	})
}

// repository returns a folder with the pages that have sections.
func repository(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	const sentence = "# Head\n<!-- soak-years: begin -->\nold\n<!-- soak-years: end -->\ntail\n"
	for page, text := range map[string]string{
		"README.md": sentence, "docs/design.md": sentence, "docs/store.md": "# none\n",
		"soak/README.md": "# Head\n<!-- soak: begin -->\nold\n<!-- soak: end -->\ntail\n",
	} {
		file := filepath.Join(dir, filepath.FromSlash(page))
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	}
	return dir
}

func TestThePagesShowTheStoredRun(t *testing.T) {
	t.Parallel()
	s, err := stored(".")
	require.NoError(t, err)
	sections, err := s.sections(".")
	require.NoError(t, err)
	require.Greater(t, len(sections), 1, "the table, and the sentence")
	for _, section := range sections {
		require.NoError(t, pages.Differs(section.file, section.name, section.text), "go run . -years 10 -keep")
	}
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
