package guard_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// page is the page for users.
const page = "../../docs/guard.md"

var update = flag.Bool("update", false, "write the files of examples/guard into docs/guard.md")

// fileMark is the line above the text of a file. It names the file as a link on the page would.
var fileMark = regexp.MustCompile("(?m)^<!-- file: (\\S+) -->\n(?:```\\w*\n(?:[^`\n].*\n|\n)*```\n)?")

// languages are the highlighting languages by the suffix of the file name.
var languages = map[string]string{".conf": "nginx", ".cfg": "haproxy", ".lua": "lua", ".caddy": "text", ".yaml": "yaml", ".py": "python", ".mjs": "js", "": "text"}

// The page shows exactly the files that the tests of this package load.
func TestPage(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(page)
	require.NoError(t, err)
	shown := map[string]bool{}
	want := fileMark.ReplaceAllStringFunc(string(content), func(found string) string {
		name := fileMark.FindStringSubmatch(found)[1]
		shown[name] = true
		text, err := os.ReadFile(filepath.Join(filepath.Dir(page), name))
		require.NoError(t, err)
		language := languages[filepath.Ext(name)]
		if strings.Contains(name, "/apache/") && language == "nginx" {
			language = "apache"
		}
		return "<!-- file: " + name + " -->\n```" + language + "\n" + string(text) + "```\n"
	})
	if *update {
		require.NoError(t, os.WriteFile(page, []byte(want), 0o644))
		return
	}
	require.Equal(t, want, string(content), "go test ./guard -run TestPage -update writes it")
	require.Greater(t, len(tricks), 100, "the page says so")
	require.NoError(t, filepath.WalkDir(examples, func(path string, file os.DirEntry, err error) error {
		if err == nil && !file.IsDir() {
			require.True(t, shown[filepath.ToSlash(strings.TrimPrefix(path, "../"))], "%s is not on the page", path)
		}
		return err
	}))
}
