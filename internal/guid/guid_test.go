package guid_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/guid"
)

func TestNew(t *testing.T) {
	t.Parallel()
	one, other := guid.New(), guid.New()
	require.NotEqual(t, one, other)
	require.True(t, guid.Is(one), one)
	require.Equal(t, byte('4'), one[14], "the version")
	require.Contains(t, "89ab", one[19:20], "the variant")
}

func TestIs(t *testing.T) {
	t.Parallel()
	const good = "7e000000-0000-4000-8000-00000000000a"
	for text, want := range map[string]bool{
		good:                                   true,
		strings.ToUpper(good):                  true,
		"":                                     false,
		"contoso":                              false,
		"{" + good + "}":                       false,
		good + "\n":                            false,
		strings.ReplaceAll(good, "-", ""):      false,
		"7e0000000-000-4000-8000-00000000000a": false,
		strings.Repeat("a", 36):                false,
		good[:35] + "g":                        false,
		good[:35]:                              false,
		good + "0":                             false,
		"-" + good[1:]:                         false,
		strings.Replace(good, "-", "0", 1):     false,
	} {
		require.Equal(t, want, guid.Is(text), "%q", text)
	}
}
