package pages_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/pages"
)

const example = "# A page of *words* and `code`\n" +
	"\n" +
	"Text with [a link](docs/store.md#keys) and `[none](x)`. A second one:\n" +
	"see [over\nlines](verify.md).\n" +
	"\n" +
	"<!-- checked by TestOutput -->\n" +
	"```text\n" +
	"$ aztoken token\n" +
	"[none](y)\n" +
	"```\n" +
	"\n" +
	"1. an item\n" +
	"\n" +
	"   ```json\n" +
	"   {\n" +
	"     \"a\": 1\n" +
	"   }\n" +
	"   ```\n" +
	"\n" +
	"## Twice\n" +
	"## Twice\n" +
	"<img src=\"bench/size.svg\">\n" +
	"<!-- a comment\n[none](z)\n-->\n" +
	"````go\n```\n````\n"

func TestPage(t *testing.T) {
	t.Parallel()
	p := pages.New("README.md", example)
	t.Run("has blocks with their marks, without the indentation of a list", func(t *testing.T) {
		t.Parallel()
		got, err := p.Blocks()
		require.NoError(t, err)
		require.Equal(t, []pages.Block{
			{Page: "README.md", Line: 9, Language: "text", Text: "$ aztoken token\n[none](y)\n", Mark: "checked by TestOutput"},
			{Page: "README.md", Line: 16, Language: "json", Text: "{\n  \"a\": 1\n}\n"},
			{Page: "README.md", Line: 28, Language: "go", Text: "```\n"},
		}, got)
	})
	t.Run("has links outside of its code", func(t *testing.T) {
		t.Parallel()
		var targets []string
		for _, l := range p.Links() {
			targets = append(targets, l.Target)
		}
		require.Equal(t, []string{"docs/store.md#keys", "verify.md", "bench/size.svg"}, targets)
	})
	t.Run("has anchors as GitHub makes them", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, map[string]bool{"a-page-of-words-and-code": true, "twice": true, "twice-1": true}, p.Anchors())
		require.Equal(t, "what-can-hang-v12", pages.Anchor("What can [hang](x.md), `v1.2`?"))
	})
	t.Run("has sentences that end at a point, and none in its code", func(t *testing.T) {
		t.Parallel()
		var words []int
		for _, s := range p.Sentences() {
			words = append(words, s.Words)
		}
		require.Equal(t, []int{6, 3, 3, 2}, words)
	})
	t.Run("without the end of a block is an error", func(t *testing.T) {
		t.Parallel()
		_, err := pages.New("README.md", "```go\nx\n").Blocks()
		require.ErrorContains(t, err, "README.md:2")
	})
}
