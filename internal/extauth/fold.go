package extauth

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// fold returns a path with letters that services treat as equal made the same. Each rune is
// converted to upper case first, because some equal another letter only there: ı and ſ are I and S
// in upper case.
func fold(path string) string {
	for i := range len(path) {
		if c := path[i]; c >= utf8.RuneSelf || 'A' <= c && c <= 'Z' {
			path = strings.Map(func(r rune) rune { return unicode.ToLower(unicode.ToUpper(r)) }, path)
			return severalLetters.Replace(path)
		}
	}
	return path // most paths need no change
}

// severalLetters are the runes that are several letters of ASCII in upper case (Unicode's
// SpecialCasing), as the whole text is in Java, JavaScript and Python.
var severalLetters = strings.NewReplacer("ß", "ss", "ﬀ", "ff", "ﬁ", "fi", "ﬂ", "fl", "ﬃ", "ffi", "ﬄ", "ffl", "ﬅ", "st", "ﬆ", "st")
