// Package docs_test checks the README and the pages of this folder: that their code compiles, their
// links work, their output is checked by a test, their data parses, and their sentences are short.
// The commands on the pages are checked next to their code, in cmd/aztoken/docs_test.go.
package docs_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/pages"
)

// users returns the repository's folder and the pages.
func users(t *testing.T) (root string, all []pages.Page) {
	t.Helper()
	root, err := pages.Root()
	require.NoError(t, err)
	all, err = pages.Users(root)
	require.NoError(t, err)
	require.Greater(t, len(all), 5)
	return root, all
}

// blocks returns the blocks of p that are in one of the languages.
func blocks(t *testing.T, p pages.Page, languages ...string) (found []pages.Block) {
	t.Helper()
	all, err := p.Blocks()
	require.NoError(t, err)
	for _, b := range all {
		for _, language := range languages {
			if b.Language == language {
				found = append(found, b)
			}
		}
	}
	return found
}

// Every Go block must appear in a Go file of this repository, which go vet compiles: an Example, a
// test, or a program in examples. Indentation, empty lines and the width of gaps do not matter, and
// a line "…" matches any lines in between.
func TestCodeIsCompiled(t *testing.T) {
	t.Parallel()
	root, all := users(t)
	sources := goFiles(t, root)
	for _, p := range all {
		for _, b := range blocks(t, p, "go") {
			if missing := missingFrom(sources, b.Text); missing != "" {
				t.Errorf("%s: these lines stand in no Go file of the repository as they are here; put the block into an Example function, a test, or a program of examples (a line … stands for lines left out):\n%s", b.Where(), missing)
			}
		}
	}
}

func TestMissingFrom(t *testing.T) {
	t.Parallel()
	sources := []string{normal("func f() {\n\ta := 1 // one\n\tb  :=  2\n\n\tc := 3\n}\n"), normal("d := 4\n")}
	for block, missing := range map[string]string{
		"a := 1 // one\nb := 2\n":       "",
		"b := 2\nc := 3":                "",
		"a := 1 // one\n…\nc := 3\n}\n": "",
		"\ta := 1 // one\n// …\nc := 3": "",
		"a := 1\n":                      "a := 1",
		"c := 3\n…\na := 1 // one\n":    "a := 1 // one",
		"c := 3\nd := 4\n":              "c := 3\nd := 4",
		"b := 2\n…\nd := 4\n":           "d := 4",
	} {
		require.Equal(t, missing, missingFrom(sources, block), block)
	}
}

// missingFrom returns the first lines of a block that no file has after the preceding ones, or "".
// If several files have part of the block, the one with the most of it counts.
func missingFrom(sources []string, block string) string {
	var parts []string
	for _, part := range strings.Split("\n"+strings.ReplaceAll(normal(block), "\n// …\n", "\n…\n"), "\n…\n") {
		if part = strings.Trim(part, "\n"); part != "" {
			parts = append(parts, part)
		}
	}
	most := 0
	for _, source := range sources {
		rest, n := "\n"+source, 0
		for n < len(parts) {
			_, after, found := strings.Cut(rest, "\n"+parts[n]+"\n")
			if !found {
				break
			}
			rest = "\n" + after
			n++
		}
		if most = max(most, n); most == len(parts) {
			return ""
		}
	}
	return parts[most]
}

// normal returns text without the whitespace that gofmt controls.
func normal(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if line = strings.Join(strings.Fields(line), " "); line != "" {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

// goFiles returns the Go files of all modules, normalized by normal.
func goFiles(t *testing.T, root string) (all []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		switch name := entry.Name(); {
		case entry.IsDir() && path != root && (strings.HasPrefix(name, ".") || name == "testdata" || name == "node_modules"):
			return filepath.SkipDir
		case entry.IsDir() || !strings.HasSuffix(name, ".go"):
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("reading the sources: %w", err)
		}
		if !strings.HasPrefix(string(text), "//go:build ignore") {
			all = append(all, normal(string(text)))
		}
		return nil
	}))
	require.Greater(t, len(all), 100)
	return all
}
