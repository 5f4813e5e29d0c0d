package pages_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/pages"
)

func TestCommands(t *testing.T) {
	t.Parallel()
	for script, want := range map[string][][]string{
		"aztoken token api://orders # a comment\n":                              {{"aztoken", "token", "api://orders"}},
		"A=b sudo aztoken fake --role 'a b=c' \\\n  --x \"d e\" >out 2>&1 | jq": {{"aztoken", "fake", "--role", "a b=c", "--x", "d e"}, {"jq"}},
		`curl -H "Authorization: Bearer $(aztoken token "$R")" https://x`:       {{"aztoken", "token", "$R"}, {"curl", "-H", "Authorization: Bearer $(…)", "https://x"}},
		"a && b; c & d":         {{"a"}, {"b"}, {"c"}, {"d"}},
		"X=$(a b) >file c ''":   {{"a", "b"}, {"c", ""}},
		"X=1\n":                 nil,
		"echo a#b \\# \"\\\"\"": {{"echo", "a#b", "#", `"`}},
	} {
		require.Equal(t, want, pages.Commands(script), script)
	}
	require.Equal(t, "a\nb\n", pages.Console("$ a\nout\n$ b\n"))
	inline := pages.New("x.md", "see `a b` and\n```sh\n`c`\n```\n`d`").Inline()
	require.Len(t, inline, 2)
	require.Equal(t, pages.Block{Page: "x.md", Line: 5, Text: "d"}, inline[1])
}
