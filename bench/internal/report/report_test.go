package report_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/bench/internal/report"
)

func TestASectionIsReplacedAndNothingElse(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "README.md")
	const before, after = "# Head\n<!-- size: begin -->\n", "<!-- size: end -->\ntail\n"
	require.NoError(t, os.WriteFile(file, []byte(before+"old\nlines\n"+after), 0o644))
	for _, text := range []string{"new", "new\n", "newer\nlines\n"} {
		require.NoError(t, report.Replace(file, "size", text))
	}
	got, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, before+"newer\nlines\n"+after, string(got))
}

func TestAFileWithoutTheSectionIsAnErrorAndStays(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"none":     "text\n",
		"half":     "<!-- size: begin -->\n",
		"reversed": "<!-- size: end -->\n<!-- size: begin -->\n",
		"twice":    "<!-- size: begin -->\n<!-- size: end -->\n<!-- size: begin -->\n<!-- size: end -->\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "README.md")
			require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
			require.ErrorContains(t, report.Replace(file, "size", "new"), `"size"`)
			got, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Equal(t, text, string(got))
		})
	}
}

func TestATableIsMarkdown(t *testing.T) {
	t.Parallel()
	require.Equal(t, "| library | ns |\n|---|---:|\n| ours | 70 |\n", report.Table([]string{"library", "ns"}, [][]string{{"ours", "70"}}))
}

func TestANumberIsWrittenInGroups(t *testing.T) {
	t.Parallel()
	for want, n := range map[string]float64{"7": 7, "999": 999, "1 000": 1000, "16 667": 16666.7, "1 000 000": 1e6} {
		require.Equal(t, want, report.Thousands(n))
	}
}
