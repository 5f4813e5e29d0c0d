package extauth

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// A pattern is one of net/http's for paths, without method and host. Precedence between two
// patterns is the same as there.
type pattern []segment

type segment struct {
	kind segmentKind
	text string // of a literal, decoded
}

type segmentKind uint8

const (
	literal segmentKind = iota
	single              // {name}: one segment
	multi               // a final slash or {name...}: everything that follows, even nothing
	end                 // {$}: nothing after the final slash
)

var (
	errPatternStart = errors.New("give a path that begins with a slash, without method and host")
	errWildcard     = errors.New("a wildcard is a whole segment: {name}, or at the end {name...} or {$}")
)

// parsePattern returns the pattern that text describes. Its errors say what to do.
func parsePattern(text string) (pattern, error) {
	if !strings.HasPrefix(text, "/") {
		return nil, errPatternStart
	}
	var (
		p     pattern
		names []string
	)
	parts := strings.Split(text[1:], "/")
	for i, part := range parts {
		last := i == len(parts)-1
		switch {
		case part == "" && last:
			p = append(p, segment{kind: multi})
		case !strings.ContainsAny(part, "{}"):
			text, err := literalText(part)
			if err != nil {
				return nil, err
			}
			p = append(p, segment{literal, text})
		default:
			s, name, ok := wildcard(part)
			if !ok || s.kind != single && !last || name != "" && slices.Contains(names, name) {
				return nil, errWildcard
			}
			names = append(names, name)
			p = append(p, s)
		}
	}
	return p, nil
}

// wildcard returns the segment that a wildcard describes, and its name.
func wildcard(part string) (s segment, name string, ok bool) {
	name, opened := strings.CutPrefix(part, "{")
	name, closed := strings.CutSuffix(name, "}")
	if !opened || !closed {
		return segment{}, "", false
	}
	if name == "$" {
		return segment{kind: end}, "", true
	}
	s = segment{kind: single}
	if short, all := strings.CutSuffix(name, "..."); all {
		s.kind, name = multi, short
	}
	for i, r := range name {
		if r != '_' && !unicode.IsLetter(r) && (i == 0 || !unicode.IsDigit(r)) {
			return segment{}, "", false
		}
	}
	return s, name, name != ""
}

// literalText returns the decoded text of a segment. A text that no accepted path contains is an
// error: its rule would have no effect.
func literalText(part string) (string, error) {
	encoded := part
	// The configuration has such letters unencoded.
	if strings.ContainsFunc(part, func(r rune) bool { return r > '~' }) {
		encoded = strings.ReplaceAll(url.PathEscape(part), "%25", "%")
	}
	t, err := readTarget("/" + encoded)
	switch {
	case part == "":
		return "", errors.New("no path has an empty segment; write one slash")
	case strings.Contains(part, "?"):
		return "", errors.New("a query does not decide; leave out what follows the path")
	case err == nil:
		err = t.lacks(0)
	}
	if err != nil {
		return "", fmt.Errorf("no path with the segment %q is let through: %w; write another", part, err)
	}
	return t.path[1:], nil
}

// folded returns p with its literals as [fold] has them.
func (p pattern) folded() pattern {
	p = slices.Clone(p)
	for i := range p {
		p[i].text = fold(p[i].text)
	}
	return p
}

// below returns the pattern of everything below p, including p's path with a final slash.
func (p pattern) below() pattern {
	switch p[len(p)-1].kind {
	case multi:
		return p
	case end:
		return append(slices.Clone(p[:len(p)-1]), segment{kind: multi})
	}
	return append(slices.Clone(p), segment{kind: multi})
}

// relation is how the paths of one pattern relate to those of another.
type relation uint8

const (
	equal    relation = iota
	narrower          // all of them are the other's too
	wider             // the reverse
	overlap           // some of them are
	disjoint          // none is
)

// compare returns how the paths of p are to those of q.
func (p pattern) compare(q pattern) relation {
	r := equal
	for i := range min(len(p), len(q)) {
		if r = r.and(p[i].compare(q[i])); r == disjoint {
			return r
		}
	}
	switch {
	case len(p) < len(q) && p[len(p)-1].kind == multi:
		return r.and(wider)
	case len(q) < len(p) && q[len(q)-1].kind == multi:
		return r.and(narrower)
	case len(p) != len(q):
		return disjoint
	}
	return r
}

func (s segment) compare(o segment) relation {
	switch {
	case s.kind == o.kind:
		if s.text != o.text {
			return disjoint
		}
		return equal
	case s.kind == multi:
		return wider
	case o.kind == multi:
		return narrower
	case s.kind == end || o.kind == end: // a pattern that is not a multi has a segment there
		return disjoint
	case s.kind == single:
		return wider
	}
	return narrower
}

// and returns the relation of patterns whose parts have the relations r and s.
func (r relation) and(s relation) relation {
	switch {
	case r == s || s == equal:
		return r
	case r == equal:
		return s
	case r == disjoint || s == disjoint:
		return disjoint
	}
	return overlap
}
