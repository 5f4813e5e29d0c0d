package verify

import (
	"errors"
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

const (
	// maxMembers is far above the claims that Entra can be made to send, and low enough to compare
	// each name with all others.
	maxMembers = 256
	// maxDepth is that of encoding/json. It bounds the stack that a text can make its reader use.
	maxDepth = 10_000
)

// readObject calls visit for each member of a JSON object (RFC 8259), with its name and its value
// as written. It refuses what JSON readers understand differently, so that no other reader can find
// another meaning in a token: bytes that are not UTF-8, a member that appears twice, also in
// another case, and anything after the object. Names are compared exactly; encoding/json would take
// ROLES for roles, and its Decoder would accept two objects.
//
// The text is read once, so members are visited before a mistake after them is found.
func readObject(text string, visit func(name, value string)) error {
	if !utf8.ValidString(text) {
		return errNotUTF8
	}
	s := scanner{text: text}
	err := s.members(visit)
	if s.space(); err == nil && s.at != len(text) {
		err = errNotObject
	}
	return err
}

// elements calls visit for each element of an array, with its value as written, until visit returns
// false. It reports whether text is an array.
func elements(text string, visit func(element string) bool) bool {
	s := scanner{text: text}
	s.space()
	if !s.take('[') {
		return false
	}
	for s.space(); !s.take(']'); s.space() {
		value, ok := s.value()
		if !ok {
			return false
		}
		if !visit(value) {
			return true
		}
		if s.space(); !s.take(',') && s.peek() != ']' {
			return false
		}
	}
	return true
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
		return utf8.RuneError // not in a text that was checked
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
