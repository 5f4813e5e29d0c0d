package extauth

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// fold returns a path with letters of which services make no difference. Each rune goes to upper
// case first, as some have no lower case of their own and yet equal another letter: ı and ſ are I
// and S in upper case.
func fold(path string) string {
	for i := range len(path) {
		if c := path[i]; c >= utf8.RuneSelf || 'A' <= c && c <= 'Z' {
			path = strings.Map(func(r rune) rune { return unicode.ToLower(unicode.ToUpper(r)) }, path)
			return severalLetters.Replace(path)
		}
	}
	return path // as most paths are
}

// severalLetters are the runes that are several letters of ASCII in upper case (Unicode's
// SpecialCasing), as the whole text is in Java, JavaScript and Python.
var severalLetters = strings.NewReplacer("ß", "ss", "ﬀ", "ff", "ﬁ", "fi", "ﬂ", "fl", "ﬃ", "ffi", "ﬄ", "ffl", "ﬅ", "st", "ﬆ", "st")
