package docs_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every block of text or console says on the line before it which test compares it with what the
// program prints, or that it is a drawing and nobody's output:
//
//	<!-- checked by TestQuickstartOutput -->
//	<!-- a drawing -->
//
// The test finds its blocks by pages.CheckedBy(t.Name()), so that none is forgotten that names it.
func TestOutputIsChecked(t *testing.T) {
	t.Parallel()
	root, all := users(t)
	tests := checkingTests(t, root)
	for _, p := range all {
		for _, b := range blocks(t, p, "text", "console", "") {
			name, named := strings.CutPrefix(b.Mark, "checked by ")
			switch {
			case b.Mark == "a drawing":
			case !named:
				t.Errorf("%s: nothing says who checks this; put the line <!-- checked by TestX --> before the block, where TestX compares what pages.CheckedBy returns, or <!-- a drawing -->", b.Where())
			case !tests[name]:
				t.Errorf("%s: there is no func %s(t *testing.T) in a file that calls pages.CheckedBy", b.Where(), name)
			}
		}
	}
}

var testFunction = regexp.MustCompile(`(?m)^func (Test\w+)\(t \*testing\.T\)`)

// checkingTests returns the tests of all files that ask for blocks by their mark.
func checkingTests(t *testing.T, root string) map[string]bool {
	t.Helper()
	names := make(map[string]bool)
	require.NoError(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != root && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "node_modules"):
			return filepath.SkipDir
		case entry.IsDir() || !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil || !bytes.Contains(text, []byte("pages.CheckedBy(")) {
			return err
		}
		for _, found := range testFunction.FindAllSubmatch(text, -1) {
			names[string(found[1])] = true
		}
		return nil
	}))
	return names
}
