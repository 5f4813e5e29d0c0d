package recipes_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// pages is the folder of the pages that show the recipes. index lists them.
const (
	pages = "../../docs/recipes"
	index = "../../docs/recipes.md"
)

// shown is what a page shows of a recipe: its Go file and the files of the server.
var shown = map[string][]string{
	"postgres":   {"postgres.go", "pam/pam_script_auth", "pam/settings", "pam/pg_hba.conf", "pam/postgresql-token"},
	"redis":      {"redis.go"},
	"rabbitmq":   {"rabbitmq.go", "rabbitmq.conf"},
	"storage":    {"storage.go"},
	"kafka":      {"kafka.go"},
	"mssql":      {"mssql.go"},
	"servicebus": {"servicebus.go"},
	"eventhubs":  {"eventhubs.go"},
	"cosmos":     {"cosmos.go"},
}

var block = regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$")

// TestPages tests that a page shows what the tests run.
func TestPages(t *testing.T) {
	t.Parallel()
	for recipe, files := range shown {
		t.Run(recipe, func(t *testing.T) {
			t.Parallel()
			page := read(t, filepath.Join(pages, recipe+".md"))
			code := sources(t, recipe)
			blocks := map[string]int{}
			for _, b := range block.FindAllStringSubmatch(page, -1) {
				blocks[b[1]]++
				if b[1] == "go" {
					require.Contains(t, code, b[2], "the page shows other code than the recipe has")
				}
			}
			require.NotZero(t, blocks["go"])
			for _, file := range files[1:] {
				require.Contains(t, page, "\n"+read(t, filepath.Join(recipe, file))+"```\n", "the page does not show %s", file)
			}
			for _, heading := range []string{"Copy", "At a rotation", "In an outage", "Proven here"} {
				require.Contains(t, page, "\n## "+heading+"\n")
			}
			require.Contains(t, page, "`cd integrations/recipes && go test ./"+recipe+"`")
			require.Regexp(t, "Not (proven|run) here:", page)
		})
	}
}

// TestIndex tests that each page is in the index.
func TestIndex(t *testing.T) {
	t.Parallel()
	list := read(t, index)
	files, err := filepath.Glob(filepath.Join(pages, "*.md"))
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), len(shown))
	for _, file := range files {
		require.Contains(t, list, "(recipes/"+filepath.Base(file)+")")
	}
	for recipe := range shown {
		require.Contains(t, strings.Join(files, " "), recipe+".md")
	}
}

// sources returns the Go files of a recipe.
func sources(t *testing.T, recipe string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(recipe, "*.go"))
	require.NoError(t, err)
	var all strings.Builder
	for _, file := range files {
		all.WriteString(read(t, file))
	}
	return all.String()
}

func read(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(content)
}
