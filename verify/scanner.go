package verify

import (
	"slices"
	"strings"
)

// scanner goes through a JSON text and checks it.
type scanner struct {
	text  string
	at    int
	depth int
}

// peek returns the next byte, 0 at the end: no valid JSON text contains that.
func (s *scanner) peek() byte {
	if s.at < len(s.text) {
		return s.text[s.at]
	}
	return 0
}

// take goes past c and reports true if that comes next.
func (s *scanner) take(c byte) bool {
	if s.peek() != c {
		return false
	}
	s.at++
	return true
}

// space skips white space.
func (s *scanner) space() {
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return
		}
	}
}

// members reads an object whose members are to be visited.
func (s *scanner) members(visit func(name, value string)) error {
	if s.space(); !s.take('{') {
		return errNotObject
	}
	var few [32]string // on the stack: most tokens have fewer
	seen := few[:0]
	s.depth++
	for s.space(); !s.take('}'); s.space() {
		if len(seen) > 0 {
			if !s.take(',') {
				return errNotObject
			}
			s.space()
		}
		name, ok := s.name()
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
		value, ok := s.value()
		if !ok {
			return errNotObject
		}
		visit(name, value)
	}
	return nil
}

// name reads the name of a member and the colon after it.
func (s *scanner) name() (string, bool) {
	start := s.at
	if !s.quoted() {
		return "", false
	}
	name, _ := unquote(s.text[start:s.at])
	s.space()
	return name, s.take(':')
}

// value reads a value and returns it as written.
func (s *scanner) value() (string, bool) {
	s.space()
	start := s.at
	ok := s.skip()
	return s.text[start:s.at], ok
}

// skip goes past a value and reports whether it is one.
func (s *scanner) skip() bool {
	switch c := s.peek(); {
	case c == '"':
		return s.quoted()
	case c == '{':
		return s.list('}', func() bool {
			if !s.quoted() {
				return false
			}
			s.space()
			return s.take(':')
		})
	case c == '[':
		return s.list(']', nil)
	case c == 't':
		return s.word("true")
	case c == 'f':
		return s.word("false")
	case c == 'n':
		return s.word("null")
	}
	return s.number()
}

// list goes past an object or an array, of which each value has a name before it, or none.
func (s *scanner) list(end byte, name func() bool) bool {
	if s.depth++; s.depth > maxDepth {
		return false
	}
	s.at++ // the bracket
	if s.space(); s.take(end) {
		s.depth--
		return true
	}
	for {
		if s.space(); name != nil && !name() {
			return false
		}
		if s.space(); !s.skip() {
			return false
		}
		s.space()
		if s.take(end) {
			s.depth--
			return true
		}
		if !s.take(',') {
			return false
		}
	}
}

func (s *scanner) word(w string) bool {
	if !strings.HasPrefix(s.text[s.at:], w) {
		return false
	}
	s.at += len(w)
	return true
}

// quoted goes past a string.
func (s *scanner) quoted() bool {
	if !s.take('"') {
		return false
	}
	text := s.text
	for i := s.at; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			s.at = i + 1
			return true
		case c < ' ':
			return false
		case c == '\\':
			if i++; i == len(text) {
				return false
			}
			switch text[i] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			case 'u':
				if len(text)-i <= 4 || !isHex(text[i+1:i+5]) {
					return false
				}
				i += 4
			default:
				return false
			}
		}
	}
	return false
}

func isHex(s string) bool {
	for i := range len(s) {
		if c := s[i] | 0x20; (c < '0' || c > '9') && (c < 'a' || c > 'f') || s[i] < '0' {
			return false
		}
	}
	return true
}

// number goes past a number.
func (s *scanner) number() bool {
	s.take('-')
	if !s.take('0') && !s.digits() {
		return false
	}
	if s.take('.') && !s.digits() {
		return false
	}
	if s.take('e') || s.take('E') {
		if !s.take('+') {
			s.take('-')
		}
		return s.digits()
	}
	return true
}

func (s *scanner) digits() bool {
	start := s.at
	for c := s.peek(); c >= '0' && c <= '9'; c = s.peek() {
		s.at++
	}
	return s.at > start
}
