package pages_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/pages"
)

func TestReplace(t *testing.T) {
	t.Parallel()
	t.Run("changes the section and nothing else", func(t *testing.T) {
		t.Parallel()
		file := filepath.Join(t.TempDir(), "README.md")
		const before, after = "# Head\n<!-- size: begin -->\n", "<!-- size: end -->\ntail\n<!-- other: begin -->\n<!-- other: end -->\n"
		require.NoError(t, os.WriteFile(file, []byte(before+"old\nlines\n"+after), 0o644))
		require.ErrorContains(t, pages.Differs(file, "size", "newer\nlines"), `the section "size"`)
		for _, text := range []string{"new", "new\n", "newer\nlines\n"} {
			require.NoError(t, pages.Replace(file, "size", text))
			require.NoError(t, pages.Differs(file, "size", text))
		}
		got, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Equal(t, before+"newer\nlines\n"+after, string(got))
	})
	for name, text := range map[string]string{
		"without the section":         "text\n",
		"with half of it":             "<!-- size: begin -->\n",
		"with its ends the wrong way": "<!-- size: end -->\n<!-- size: begin -->\n",
		"with two of it":              "<!-- size: begin -->\n<!-- size: end -->\n<!-- size: begin -->\n<!-- size: end -->\n",
		"with another one in it":      "<!-- size: begin -->\n<!-- fleet: begin -->\n<!-- fleet: end -->\n<!-- size: end -->\n",
	} {
		t.Run("leaves a file "+name+" alone", func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "README.md")
			require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
			require.ErrorContains(t, pages.Replace(file, "size", "new"), `"size"`)
			require.Error(t, pages.Differs(file, "size", "new"))
			got, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Equal(t, text, string(got))
		})
	}
}
