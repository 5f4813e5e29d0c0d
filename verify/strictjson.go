package verify

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// What a JSON text is refused for.
var (
	errNotUTF8   = errors.New("it is not UTF-8")
	errNotObject = errors.New("it is not a single JSON object")
	errTooMany   = errors.New("it has more than 256 members")
	errTwice     = errors.New("it has a member twice, or two whose names differ only in case")
)

// maxMembers is far above the claims that Entra can be made to send, and low enough to compare each
// name with all others.
const maxMembers = 256

// checkJSON reports whether text is a JSON text in UTF-8, which readObject expects: so the walk over it
// need not look for mistakes.
func checkJSON(text []byte) error {
	switch {
	case !utf8.Valid(text):
		return errNotUTF8
	case !json.Valid(text):
		return errNotObject
	}
	return nil
}

// readObject calls visit for each member of a JSON object, with its name and its value as written.
// It refuses what JSON readers understand differently, so that nobody else can find another meaning
// in a token: a member that appears twice, also in another case. Names are compared exactly;
// encoding/json would take ROLES for roles, and its Decoder would accept two objects.
func readObject(text string, visit func(name, value string)) error {
	w := walker{text: text}
	if w.next() != '{' {
		return errNotObject
	}
	var few [32]string // on the stack: most tokens have fewer
	seen := few[:0]
	for w.at++; w.next() != '}'; {
		w.skipComma()
		name, ok := unquote(w.value())
		if !ok {
			return errNotObject
		}
		folded := lowerASCII(name)
		if slices.Contains(seen, folded) {
			return errTwice
		}
		if seen = append(seen, folded); len(seen) > maxMembers {
			return errTooMany
		}
		w.next()
		w.at++ // the colon
		w.next()
		visit(name, w.value())
	}
	return nil
}

// elements calls visit for each element of value, which is part of a JSON text, until visit returns
// false. It reports whether value is an array.
func elements(value string, visit func(element string) bool) bool {
	if value == "" || value[0] != '[' {
		return false
	}
	w := walker{text: value}
	for w.at++; w.next() != ']'; {
		w.skipComma()
		if !visit(w.value()) {
			break
		}
	}
	return true
}

// walker goes through a text that is known to be JSON.
type walker struct {
	text string
	at   int
}

// next skips white space and returns the byte after it.
func (w *walker) next() byte {
	for {
		switch c := w.text[w.at]; c {
		case ' ', '\t', '\n', '\r':
			w.at++
		default:
			return c
		}
	}
}

func (w *walker) skipComma() {
	if w.text[w.at] == ',' {
		w.at++
		w.next()
	}
}

// value returns the value that begins here and goes past it.
func (w *walker) value() string {
	start, depth := w.at, 0
	for {
		switch w.text[w.at] {
		case '"':
			w.skipString()
		case '{', '[':
			depth++
			w.at++
			continue
		case '}', ']':
			depth--
			w.at++
		default:
			w.skipPlain(depth)
		}
		if depth == 0 {
			return w.text[start:w.at]
		}
	}
}

func (w *walker) skipString() {
	for w.at++; w.text[w.at] != '"'; w.at++ {
		if w.text[w.at] == '\\' {
			w.at++
		}
	}
	w.at++
}

// skipPlain skips a number or a word; inside of arrays and objects, also what stands between values.
func (w *walker) skipPlain(depth int) {
	for ; w.at < len(w.text); w.at++ {
		switch w.text[w.at] {
		case '"', '{', '[', '}', ']':
			return
		case ',', ' ', '\t', '\n', '\r':
			if depth == 0 {
				return
			}
		}
	}
}

// unquote returns the content of a JSON string. It reports false if value is not a string.
func unquote(value string) (s string, ok bool) {
	if len(value) < 2 || value[0] != '"' {
		return "", false
	}
	inner := value[1 : len(value)-1]
	if strings.IndexByte(inner, '\\') < 0 {
		return inner, true
	}
	return unescape(inner), true
}

// unescape replaces the escapes of a JSON string (RFC 8259, section 7). Half of a surrogate pair
// becomes U+FFFD, as in encoding/json.
func unescape(s string) string {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			out = append(out, s[i])
			continue
		}
		i++
		switch c := s[i]; c {
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			r := hexRune(s[i+1:])
			i += 4
			if utf16.IsSurrogate(r) {
				pair := rune(utf8.RuneError)
				if strings.HasPrefix(s[i+1:], `\u`) {
					pair = utf16.DecodeRune(r, hexRune(s[i+3:]))
				}
				if r = pair; r != utf8.RuneError {
					i += 6
				}
			}
			out = utf8.AppendRune(out, r)
		default: // a quotation mark, a slash or a backslash
			out = append(out, c)
		}
	}
	return string(out)
}

// hexRune returns the value of the four hexadecimal digits that s begins with.
func hexRune(s string) rune {
	n, err := strconv.ParseUint(s[:4], 16, 16)
	if err != nil {
		return utf8.RuneError // not in a valid text
	}
	return rune(n)
}

// unquoteAll returns the content of a JSON array of strings. It reports false if value is not one.
func unquoteAll(value string) (all []string, ok bool) {
	ok = true
	array := elements(value, func(element string) bool {
		var s string
		if s, ok = unquote(element); ok {
			all = append(all, s)
		}
		return ok
	})
	return all, array && ok
}

// number returns a JSON number. It reports false if value is not one that a float64 holds.
func number(value string) (n float64, ok bool) {
	if value == "" || value[0] != '-' && (value[0] < '0' || value[0] > '9') {
		return 0, false
	}
	n, err := strconv.ParseFloat(value, 64)
	return n, err == nil
}

// lowerASCII folds the case of ASCII letters and of no others.
func lowerASCII(s string) string {
	for i := range len(s) {
		if c := s[i]; c >= 'A' && c <= 'Z' {
			return foldASCII(s)
		}
	}
	return s
}

func foldASCII(s string) string {
	folded := []byte(s)
	for i, c := range folded {
		if c >= 'A' && c <= 'Z' {
			folded[i] = c + 'a' - 'A'
		}
	}
	return string(folded)
}
