package verify

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
)

// The form of a token's header and payload that this package accepts.
var (
	errNotObject = errors.New("it is not one JSON object")
	errTooMany   = errors.New("it has more than 256 members")
	errTwice     = errors.New("it has a member twice, or two whose names differ in case only")
)

// maxMembers is far above the claims that Entra can be made to send, and low enough to compare each name with all others.
const maxMembers = 256

// readObject calls visit for each member of a JSON object, with its name and its value as it is written. It refuses what
// readers of JSON understand differently, so that nobody else can find another meaning in a token: a member that is there twice,
// also in another case, and anything after the object. Names are compared to the letter; encoding/json would take ROLES
// for roles, and its Decoder would take two objects.
//
// That the text is JSON at all is for encoding/json to say, so that the walk over it need not look for mistakes.
func readObject(text []byte, visit func(name string, value []byte)) error {
	if !json.Valid(text) {
		return errNotObject
	}
	w := walker{text: text}
	if w.next() != '{' {
		return errNotObject
	}
	var few [32]string // on the stack: most tokens have fewer
	seen := few[:0]
	for w.at++; w.next() != '}'; {
		if text[w.at] == ',' {
			w.at++
			w.next()
		}
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

// walker goes through a text that is known to be JSON.
type walker struct {
	text []byte
	at   int
}

// next skips white space and gives the byte after it.
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

// value gives the value that begins here and goes past it.
func (w *walker) value() []byte {
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

// unquote gives the content of a JSON string, and false if value is none.
func unquote(value []byte) (s string, ok bool) {
	if len(value) < 2 || value[0] != '"' {
		return "", false
	}
	for _, c := range value {
		if c == '\\' || c >= 0x80 {
			err := json.Unmarshal(value, &s)
			return s, err == nil
		}
	}
	return string(value[1 : len(value)-1]), true
}

// unquoteAll gives the content of a JSON array of strings, and false if value is none.
func unquoteAll(value []byte) (all []string, ok bool) {
	var list []*string // null is no string
	if len(value) == 0 || value[0] != '[' || json.Unmarshal(value, &list) != nil {
		return nil, false
	}
	for _, s := range list {
		if s == nil {
			return nil, false
		}
		all = append(all, *s)
	}
	return all, true
}

// number gives a JSON number, and false if value is none that a float64 holds.
func number(value []byte) (n float64, ok bool) {
	if len(value) == 0 || value[0] != '-' && (value[0] < '0' || value[0] > '9') {
		return 0, false
	}
	n, err := strconv.ParseFloat(string(value), 64)
	return n, err == nil
}

// lowerASCII folds the case of ASCII letters and no others.
func lowerASCII(s string) string {
	upper := func(r rune) bool { return r >= 'A' && r <= 'Z' }
	if strings.IndexFunc(s, upper) < 0 {
		return s
	}
	return strings.Map(func(r rune) rune {
		if upper(r) {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}
