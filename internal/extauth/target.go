package extauth

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxTarget is how long a request line common proxies accept.
const maxTarget = 8 << 10

// lenience is a set of spellings that services read in more than one way.
type lenience uint8

const (
	encodedSlash   lenience = 1 << iota // %2F and %5C
	semicolon                           // ; and %3B
	doubleSlash                         // //
	encodedPercent                      // %25
)

// Why a target is refused.
var (
	errTargetLength  = errors.New("the target is longer than 8 KiB")
	errTargetStart   = errors.New("the target does not begin with a slash")
	errTargetByte    = errors.New("the target has a byte that no URL has")
	errFragment      = errors.New("the target has a #")
	errBackslash     = errors.New("the path has a backslash")
	errEscape        = errors.New("the path has a % that is no escape")
	errDelimiter     = errors.New("the path has an encoded ? or #")
	errControl       = errors.New("the path has an encoded control character")
	errUTF8          = errors.New("the path is not UTF-8")
	errDots          = errors.New("the path has a segment that ends in a dot or a blank")
	errEncodedSlash  = errors.New("the path has an encoded slash or backslash, and its rule is not lenient about that")
	errSemicolon     = errors.New("the path has a semicolon, and its rule is not lenient about that")
	errDoubleSlash   = errors.New("the path has a double slash, and its rule is not lenient about that")
	errEncodedEscape = errors.New("the path has an encoded %, and its rule is not lenient about that")
)

// A target is the path of a request as a service may read it.
type target struct {
	// path is decoded once, except for what odd lists: encoded slashes and percent signs stay
	// encoded, so that the path does not look like a different one.
	path string
	// odd is what can be read in more than one way.
	odd lenience
	// furthest is the path as read by a service that decodes as often as it can, treats backslashes
	// as slashes, joins slashes, and drops what follows a semicolon. "" if nothing is odd.
	furthest string
}

// readTarget reads the target of a request line. It checks the query only for bytes that no URL
// contains.
func readTarget(raw string) (target, error) {
	switch {
	case len(raw) > maxTarget:
		return target{}, errTargetLength
	case !strings.HasPrefix(raw, "/"):
		return target{}, errTargetStart
	}
	for i := range len(raw) {
		switch c := raw[i]; {
		case c == '#':
			return target{}, errFragment
		case c < '!' || c > '~':
			return target{}, errTargetByte
		}
	}
	path, _, _ := strings.Cut(raw, "?")
	t := target{path: path}
	escaped := false
	for i := range len(path) {
		switch path[i] {
		case '%':
			escaped = true
		case '\\':
			return target{}, errBackslash
		case ';':
			t.odd |= semicolon
		case '/':
			if i > 0 && path[i-1] == '/' {
				t.odd |= doubleSlash
			}
		}
	}
	if escaped {
		if err := t.decode(path); err != nil {
			return target{}, err
		}
	}
	if hasDots(t.path) {
		return target{}, errDots
	}
	if t.odd == 0 {
		return t, nil
	}
	t.furthest = furthest(t.path)
	switch {
	case hasDots(t.furthest):
		return target{}, errDots
	case !utf8.ValidString(t.furthest):
		return target{}, errUTF8
	case strings.ContainsFunc(t.furthest, unicode.IsControl):
		return target{}, errControl
	}
	return t, nil
}

// decode sets the path to what is encoded in path.
func (t *target) decode(path string) error {
	decoded := make([]byte, 0, len(path))
	for i := 0; i < len(path); i++ {
		if path[i] != '%' {
			decoded = append(decoded, path[i])
			continue
		}
		c, ok := unescape(path[i:])
		if !ok {
			return errEscape
		}
		switch c {
		case '/', '\\':
			t.odd |= encodedSlash
			decoded = append(decoded, path[i:i+3]...)
		case '%':
			t.odd |= encodedPercent
			decoded = append(decoded, path[i:i+3]...)
		case '?', '#':
			return errDelimiter
		case ';':
			t.odd |= semicolon
			decoded = append(decoded, c)
		default:
			decoded = append(decoded, c)
		}
		i += 2
	}
	t.path = string(decoded)
	switch {
	case !utf8.Valid(decoded):
		return errUTF8
	case strings.ContainsFunc(t.path, unicode.IsControl):
		return errControl
	}
	return nil
}

// lacks returns why a rule that is lenient about allowed refuses a target, nil if it does not.
func (t target) lacks(allowed lenience) error {
	for _, o := range [...]struct {
		odd lenience
		err error
	}{
		{encodedSlash, errEncodedSlash}, {semicolon, errSemicolon}, {doubleSlash, errDoubleSlash}, {encodedPercent, errEncodedEscape},
	} {
		if t.odd&^allowed&o.odd != 0 {
			return o.err
		}
	}
	return nil
}

// furthest returns the path as read by a service that interprets as much of it as it can.
func furthest(path string) string {
	decoded := make([]byte, 0, len(path))
	for i := range len(path) {
		decoded = append(decoded, path[i])
		for n := len(decoded) - 3; n >= 0 && decoded[n] == '%'; n = len(decoded) - 3 {
			c, ok := unescape(string(decoded[n:]))
			if !ok {
				break
			}
			decoded = append(decoded[:n], c)
		}
	}
	var read strings.Builder
	slashes := func(r rune) bool { return r == '/' || r == '\\' }
	last := ""
	for segment := range strings.FieldsFuncSeq(string(decoded), slashes) {
		if last, _, _ = strings.Cut(segment, ";"); last != "" {
			read.WriteString("/" + last)
		}
	}
	if last == "" || slashes(rune(decoded[len(decoded)-1])) {
		read.WriteByte('/')
	}
	return read.String()
}

// hasDots reports whether a segment of a path ends in a dot, as . and .. do, or in a space: some
// services drop both.
func hasDots(path string) bool {
	for i := 1; i <= len(path); i++ {
		if i < len(path) && path[i] != '/' {
			continue
		}
		switch c := path[i-1]; {
		case c == '.' || c == ' ':
			return true
		case c >= utf8.RuneSelf:
			if r, _ := utf8.DecodeLastRuneInString(path[:i]); unicode.IsSpace(r) {
				return true
			}
		}
	}
	return false
}

// unescape returns the byte of the escape with which text begins, and false if that is none.
func unescape(text string) (byte, bool) {
	if len(text) < 3 {
		return 0, false
	}
	high, low := hex(text[1]), hex(text[2])
	return byte(high<<4 | low), high >= 0 && low >= 0
}

func hex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
