package extauth

import (
	"cmp"
	"strings"
)

// A tree finds the pattern of the configuration for the path of a request as net/http does: the
// narrowest one that matches.
type tree struct{ root node }

type node struct {
	literals map[string]*node
	single   *node

	exact *route // of the pattern that ends here
	slash *route // of {$}
	all   *route // of a multi
}

func (t *tree) add(p pattern, r *route) {
	n := &t.root
	for _, s := range p {
		switch s.kind {
		case multi:
			n.all = r
			return
		case end:
			n.slash = r
			return
		case single:
			if n.single == nil {
				n.single = new(node)
			}
			n = n.single
		case literal:
			if n.literals == nil {
				n.literals = map[string]*node{}
			}
			if n.literals[s.text] == nil {
				n.literals[s.text] = new(node)
			}
			n = n.literals[s.text]
		}
	}
	n.exact = r
}

// find returns the route of a path, nil if there is none.
func (t *tree) find(path string) *route { return t.root.find(path[1:]) }

// find returns the route of what follows n and a slash.
func (n *node) find(rest string) *route {
	if rest == "" && n.slash != nil {
		return n.slash
	}
	first, tail, more := strings.Cut(rest, "/")
	for _, child := range n.children(first) {
		if child == nil {
			continue
		}
		found := child.exact
		if more {
			found = child.find(tail)
		}
		if found != nil {
			return found
		}
	}
	return n.all
}

// children returns the nodes of a segment, nil where there is none: the narrower one first.
func (n *node) children(segment string) [2]*node {
	if segment == "" {
		return [2]*node{} // a wildcard does not match an empty segment
	}
	return [...]*node{n.literals[segment], n.single}
}

// findBare returns the routes of a path without its final slash: own matches it exactly, and below
// matches it as /x/ and /x/{$} match /x. There may be below without own, and both if neither is
// narrower, as with /{x} and /a/; if /x has its own route, the route of /x/ is not one of /x.
func (t *tree) findBare(path string) (own, below *route) {
	if path == "" { // the root has no path without a slash
		return nil, nil
	}
	return t.root.findBare(path[1:])
}

func (n *node) findBare(rest string) (own, below *route) {
	first, tail, more := strings.Cut(rest, "/")
	for _, child := range n.children(first) {
		if child == nil {
			continue
		}
		exact, slash := child.exact, child.slash
		if more {
			exact, slash = child.findBare(tail)
		} else if exact == nil && slash == nil {
			slash = child.all
		}
		if below = cmp.Or(below, slash); exact != nil {
			return exact, below
		}
	}
	return nil, below
}
