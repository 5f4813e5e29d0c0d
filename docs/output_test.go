package docs_test

import (
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every text or console block must have a line before it that names the test which compares it with
// what the program prints, or says that it is a drawing rather than output:
//
//	<!-- checked by TestQuickstartOutput -->
//	<!-- a drawing -->
//
// The named test finds its blocks with pages.CheckedBy, so it cannot miss a block that names it. A
// block in any language may show a file, which TestFilesAreShown compares:
//
//	<!-- file: ../examples/guard/guard.yaml -->
func TestOutputIsChecked(t *testing.T) {
	t.Parallel()
	root, all := users(t)
	tests := checkingTests(t, root)
	for _, p := range all {
		for _, b := range blocks(t, p, "text", "console", "") {
			name, named := strings.CutPrefix(b.Mark, "checked by ")
			switch {
			case b.Mark == "a drawing", strings.HasPrefix(b.Mark, "file: "):
			case !named:
				t.Errorf("%s: nothing says who checks this; put the line <!-- checked by TestX --> before the block, where TestX compares what pages.CheckedBy(\"TestX\") returns, or <!-- a drawing -->", b.Where())
			case !tests[name]:
				t.Errorf("%s: there is no func %s(t *testing.T) that asks pages.CheckedBy for the blocks with its name", b.Where(), name)
			}
		}
	}
}

func TestFilesAreShown(t *testing.T) {
	t.Parallel()
	root, all := users(t)
	for _, p := range all {
		shown, err := p.Blocks()
		require.NoError(t, err)
		for _, b := range shown {
			name, file := strings.CutPrefix(b.Mark, "file: ")
			if !file {
				continue
			}
			text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(path.Join(path.Dir(p.Name), name))))
			require.NoError(t, err, b.Where())
			if string(text) != b.Text {
				t.Errorf("%s: the block is not %s", b.Where(), name)
			}
		}
	}
}

var (
	testFunction = regexp.MustCompile(`(?m)^func (Test\w+)\(t \*testing\.T\)`)
	testName     = regexp.MustCompile(`"(Test\w+)"`)
)

// checkingTests returns the tests whose names are passed to pages.CheckedBy.
func checkingTests(t *testing.T, root string) map[string]bool {
	t.Helper()
	functions, asked := make(map[string]bool), make(map[string]bool)
	require.NoError(t, filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && file != root && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "node_modules"):
			return filepath.SkipDir
		case entry.IsDir() || !strings.HasSuffix(file, "_test.go"):
			return nil
		}
		text, err := os.ReadFile(file)
		for _, found := range testFunction.FindAllSubmatch(text, -1) {
			functions[string(found[1])] = true
		}
		for _, found := range testName.FindAllSubmatch(text, -1) {
			asked[string(found[1])] = true
		}
		return err
	}))
	maps.DeleteFunc(functions, func(name string, _ bool) bool { return !asked[name] })
	return functions
}

// Every section must be written by a program. Otherwise its text and figures would have to be
// updated by hand.
func TestSectionsHaveAWriter(t *testing.T) {
	t.Parallel()
	root, all := users(t)
	sources := strings.Join(goFiles(t, root), "")
	found := 0
	for _, p := range all {
		sections, err := p.Sections()
		require.NoError(t, err)
		for name := range sections {
			found++
			if !strings.Contains(sources, `"`+name+`"`) {
				t.Errorf("%s: no program writes the section %q: see bench/internal/publish", p.Name, name)
			}
		}
	}
	require.NotZero(t, found)
}
