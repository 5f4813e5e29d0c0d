package extauth

import "strings"

// A tree finds the paths of the configuration by those of requests, as net/http does: of the
// patterns that fit, the narrowest.
type tree struct {
	root node
	// folded is set in a tree of folded patterns, whose paths have no final slash: there /x/ and /x/{$}
	// have /x too.
	folded bool
}

type node struct {
	literals map[string]*node
	single   *node

	exact []*route // of patterns that end here; several only where the tree is folded
	slash []*route // of {$}
	all   []*route // of a multi
}

func (t *tree) add(p pattern, r *route) {
	n := &t.root
	for _, s := range p {
		switch s.kind {
		case multi:
			n.all = append(n.all, r)
			return
		case end:
			if t.folded {
				n.exact = append(n.exact, r)
			} else {
				n.slash = append(n.slash, r)
			}
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
	n.exact = append(n.exact, r)
}

// find returns the routes of a path, none if there is none.
func (t *tree) find(path string) []*route {
	if path == "" {
		return t.at(&t.root)
	}
	return t.below(&t.root, path[1:])
}

// at returns the routes of the path that ends at n without a slash.
func (t *tree) at(n *node) []*route {
	if n.exact == nil && t.folded {
		return n.all
	}
	return n.exact
}

// below returns the routes of what follows n and a slash.
func (t *tree) below(n *node, rest string) []*route {
	if rest == "" {
		if n.slash != nil {
			return n.slash
		}
		return n.all
	}
	first, tail, more := strings.Cut(rest, "/")
	next := [...]*node{n.literals[first], n.single}
	if first == "" {
		next[1] = nil // a wildcard is no empty segment
	}
	for _, child := range next {
		if child == nil {
			continue
		}
		found := t.at(child)
		if more {
			found = t.below(child, tail)
		}
		if found != nil {
			return found
		}
	}
	return n.all
}
