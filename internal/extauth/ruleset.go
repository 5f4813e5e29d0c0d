package extauth

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/seed-ac726066/aztoken/verify"
)

// A rule says what a request must show.
type rule struct {
	name        string   // in metrics and logs: host and path as the configuration has them
	methods     []string // none: all
	open        bool     // no token is looked at
	requirement verify.Requirement
	preflight   bool
	lenient     lenience
	counts      counts
}

// A route is a path of the configuration and its rules, each for other methods.
type route struct{ rules []*rule }

// A ruleset has the rules of each host. It does not change.
type ruleset struct {
	hosts map[string]*site
	other *site // of hosts without their own rules; nil: there is none
	only  *rule // without a proxy, the only rule
}

// A site has the rules of a host twice: as they are, and folded.
type site struct{ exact, folded tree }

// Why no rule lets a request through.
var (
	errNoRule      = errors.New("no rule has this path")
	errNoMethod    = errors.New("no rule of this path has this method")
	errOverride    = errors.New("a header overrides the method, and the rule has methods")
	errTwoReadings = errors.New("the path can be read as one of another rule")
)

// A choice is the rule of a request, and further rules that it must meet as well because its path
// can be read in other ways.
type choice struct {
	rule    *rule
	further []*rule
}

// A question is what a proxy asks: may this request pass?
type question struct {
	original
	preflight bool // it is a CORS preflight, without a token, and overrides no method
	override  bool // a header names another method
}

// choose returns the rules that a request must meet. Its errors are reasons to refuse it.
func (s *ruleset) choose(q question, t target) (choice, error) {
	on := s.hosts[q.host]
	if on == nil {
		on = s.other
	}
	if on == nil {
		return choice{}, errNoRule
	}
	found := on.exact.find(t.path)
	if found == nil {
		return choice{}, errNoRule
	}
	chosen, err := found.rule(q)
	c := choice{rule: chosen}
	if err != nil {
		return c, err
	}
	if t.odd != 0 {
		if err := t.lacks(chosen.lenient); err != nil {
			return c, err
		}
		if on.exact.find(t.furthest) != found {
			return c, errTwoReadings
		}
		if err := c.add(q, on, t.furthest); err != nil {
			return c, err
		}
	}
	err = c.add(q, on, t.path)
	return c, err
}

// add makes a request meet the rules of the other spellings of a path as well.
func (c *choice) add(q question, on *site, path string) error {
	path = fold(path)
	own, below := on.folded.findBare(strings.TrimRight(path, "/"))
	for _, r := range [...]*route{on.folded.find(path), own, below} {
		if r == nil {
			continue
		}
		further, err := r.rule(q)
		if err != nil {
			return err
		}
		if further != c.rule && !slices.Contains(c.further, further) {
			c.further = append(c.further, further)
		}
	}
	return nil
}

// rule returns the rule of a route that is for the method of a request.
func (r *route) rule(q question) (*rule, error) {
	i := -1
	if q.preflight {
		i = slices.IndexFunc(r.rules, func(c *rule) bool { return c.preflight })
	}
	if i < 0 {
		i = slices.IndexFunc(r.rules, func(c *rule) bool { return c.has(q.method) })
	}
	switch {
	case i < 0:
		return nil, errNoMethod
	case q.override && len(r.rules[i].methods) > 0:
		return r.rules[i], errOverride
	}
	return r.rules[i], nil
}

// has reports whether a rule is for a method, which is compared exactly.
func (r *rule) has(method string) bool {
	return len(r.methods) == 0 || slices.Contains(r.methods, method) ||
		method == http.MethodHead && slices.Contains(r.methods, http.MethodGet)
}

// isOpen reports whether a rule looks at no token of a request.
func (r *rule) isOpen(q question) bool { return r.open || q.preflight && r.preflight }

// isOpen reports whether a choice looks at no token of a request.
func (c choice) isOpen(q question) bool {
	return c.rule.isOpen(q) && !slices.ContainsFunc(c.further, func(r *rule) bool { return !r.isOpen(q) })
}

// meet returns why the caller of a request does not meet a choice, nil if it does.
func (c choice) meet(q question, claims *verify.Claims) error {
	if !c.rule.isOpen(q) {
		if err := c.rule.requirement(claims); err != nil {
			return err
		}
	}
	for _, r := range c.further {
		if !r.isOpen(q) {
			if err := r.requirement(claims); err != nil {
				return err
			}
		}
	}
	return nil
}
