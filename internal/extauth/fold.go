package extauth

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// fold returns what the spellings of a path have in common of which services make no difference:
// letter case, and final slashes. Each rune goes to upper case first, as some have no lower case of
// their own and yet equal another letter: ı and ſ are I and S in upper case.
func fold(path string) string { return strings.TrimRight(foldCase(path), "/") }

func foldCase(text string) string {
	for i := range len(text) {
		if c := text[i]; c >= utf8.RuneSelf || 'A' <= c && c <= 'Z' {
			return strings.Map(func(r rune) rune { return unicode.ToLower(unicode.ToUpper(r)) }, text)
		}
	}
	return text // as most paths are
}
