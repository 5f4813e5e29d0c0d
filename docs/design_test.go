package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	codeSpan    = regexp.MustCompile("`([^`]+)`")
	goFile      = regexp.MustCompile(`^\w+\.go$`)
	platformOf  = regexp.MustCompile(`_(unix|windows|linux|darwin|other)\.go$`)
	internalDir = regexp.MustCompile(`^internal(/\w+)+$`)
)

// The tables of docs/design.md have every file of the packages that they describe file by file, and
// every package below internal; and nothing else that is not there.
func TestDesignNamesWhatThereIs(t *testing.T) {
	t.Parallel()
	root, _ := users(t)
	text, err := os.ReadFile(filepath.Join(root, "docs/design.md"))
	require.NoError(t, err)
	for heading, folder := range map[string]string{
		"Packages and files": ".", "The service's side": "verify", "The guard": "internal/extauth",
	} {
		section := sectionOf(string(text), heading)
		require.NotEmpty(t, section, heading)
		require.ElementsMatch(t, filesOf(t, filepath.Join(root, folder)), inTables(section, goFile), "the files of %s", folder)
	}
	named := inTables(sectionOf(string(text), "Packages and files"), internalDir)
	for _, name := range named {
		require.DirExists(t, filepath.Join(root, name))
	}
	entries, err := os.ReadDir(filepath.Join(root, "internal"))
	require.NoError(t, err)
	for _, entry := range entries {
		if entry.IsDir() && !slices.Contains(named, "internal/"+entry.Name()) {
			t.Errorf("docs/design.md does not say what internal/%s is for", entry.Name())
		}
	}
}

// sectionOf returns what stands below a heading of the second level.
func sectionOf(text, heading string) string {
	_, rest, _ := strings.Cut(text, "\n## "+heading+"\n")
	section, _, _ := strings.Cut(rest, "\n## ")
	return section
}

// inTables returns the code in the first column of tables that has a form.
func inTables(section string, form *regexp.Regexp) (all []string) {
	for line := range strings.Lines(section) {
		cells := strings.Split(line, "|")
		if len(cells) < 3 {
			continue
		}
		for _, span := range codeSpan.FindAllStringSubmatch(cells[1], -1) {
			if form.MatchString(span[1]) {
				all = append(all, span[1])
			}
		}
	}
	return all
}

// filesOf returns the Go files of a folder, but for tests, doc.go, and those of one system.
func filesOf(t *testing.T, folder string) (all []string) {
	t.Helper()
	entries, err := fs.Glob(os.DirFS(folder), "*.go")
	require.NoError(t, err)
	for _, name := range entries {
		if name != "doc.go" && !strings.HasSuffix(name, "_test.go") && !platformOf.MatchString(name) {
			all = append(all, name)
		}
	}
	return all
}
