package extauth

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/seed-ac726066/aztoken/internal/guid"
)

var methodName = regexp.MustCompile(`^[A-Z][A-Z0-9_-]*$`)

// lenienceOf returns the lenience that a word of the configuration stands for, 0 for none.
func lenienceOf(word string) lenience {
	switch word {
	case "encoded_slash":
		return encodedSlash
	case "semicolon":
		return semicolon
	case "double_slash":
		return doubleSlash
	case "encoded_percent":
		return encodedPercent
	}
	return 0
}

// checkRules returns the first mistake in the rules.
func (c Config) checkRules() error {
	if len(c.Rules) == 0 {
		return c.document.Mistake("there is none, so nobody would be let in; give one", "rules")
	}
	for i := range c.Rules {
		if err := c.checkRule(i); err != nil {
			return err
		}
	}
	if c.Proxy == NoProxy {
		return c.checkOnly()
	}
	parsed := c.parsed()
	for i := range parsed {
		for j := range i {
			if err := c.checkPair(parsed[j], parsed[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// A parsedRule is a rule with its pattern.
type parsedRule struct {
	Rule
	index           int
	pattern, folded pattern
}

// parsed returns the rules, each of which was checked.
func (c Config) parsed() []parsedRule {
	var all []parsedRule
	for i, r := range c.Rules {
		p, _ := parsePattern(r.Path)
		all = append(all, parsedRule{r, i, p, p.folded()})
	}
	return all
}

// line returns the line of the path of a rule.
func (c Config) line(r parsedRule) int { return c.document.Line("rules", r.index, "path") }

func (c Config) checkRule(i int) error {
	r := c.Rules[i]
	mistake := func(key, format string, a ...any) error {
		return c.document.Mistake(fmt.Sprintf(format, a...), "rules", i, key)
	}
	_, err := parsePattern(r.Path)
	switch {
	case r.Host != "" && !isHost(r.Host):
		return mistake("host", "%q is no host as it is compared; give a name in lower case, without port, final dot or wildcard", r.Host)
	case err != nil:
		return mistake("path", "%q is no path: %v", r.Path, err)
	case r.Methods != nil && len(r.Methods) == 0:
		return mistake("methods", "there is none; leave the key out for all methods")
	case r.Open && r.Require != nil:
		return mistake("open", "an open rule requires nothing; leave out open or require")
	case !r.Open && r.Require == nil:
		return mistake("path", "the rule neither is open nor requires something; give require, or open: true")
	case !r.Open && len(r.Require) == 0:
		return mistake("require", "there is no entry; give one with roles, scopes, callers or app_only")
	case r.Open && r.Preflight && r.Methods == nil:
		return mistake("preflight", "an open rule of all methods lets them pass anyway; leave it out")
	case r.Open && len(r.Lenient) > 0:
		return mistake("lenient", "an open rule cannot be lenient: what can be read in two ways may be a protected path; leave it out")
	case len(r.Lenient) > 0 && (!strings.HasSuffix(r.Path, "/") || strings.Contains(r.Path, "{")):
		return mistake("lenient", "the path must end in a slash and have no wildcard; give such a path, or leave it out")
	}
	for j, method := range r.Methods {
		if !methodName.MatchString(method) {
			return c.document.Mistake(fmt.Sprintf("%q is no method; give one in capitals, such as GET", method), "rules", i, "methods", j)
		}
	}
	for j, word := range r.Lenient {
		if lenienceOf(word) == 0 {
			return c.document.Mistake(fmt.Sprintf("%q is none of encoded_slash, semicolon, double_slash, encoded_percent; give one of them", word), "rules", i, "lenient", j)
		}
	}
	for j, e := range r.Require {
		if e.isEmpty() {
			return c.document.Mistake("the entry requires nothing; give roles, scopes, callers or app_only", "rules", i, "require", j)
		}
		if err := e.check(func(text, key string, k int) error {
			return c.document.Mistake(text, "rules", i, "require", j, key, k)
		}); err != nil {
			return err
		}
	}
	return nil
}

// check returns the first mistake in an entry, as an error that mistake makes for the value at an
// index of a key.
func (e Entry) check(mistake func(text, key string, index int) error) error {
	for _, list := range []struct {
		key    string
		values []string
	}{{"roles", e.Roles}, {"scopes", e.Scopes}, {"callers", e.Callers}} {
		if list.values != nil && len(list.values) == 0 {
			return mistake("there is none, so nobody would be let in; give one, or leave the key out", list.key, 0)
		}
		for i, value := range list.values {
			switch {
			case value == "" || strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' }):
				return mistake(fmt.Sprintf("%q is no name that a token has; give one without spaces", value), list.key, i)
			case list.key == "callers" && !guid.Is(value):
				return mistake(fmt.Sprintf("%q is not a GUID; give the object id or client id of a caller", value), list.key, i)
			}
		}
	}
	return nil
}

// checkOnly returns what is wrong with rules that see only the token of a request.
func (c Config) checkOnly() error {
	const advice = "without proxy nothing is known of the request but its token; name the proxy, or have one rule, with path: / and require"
	if len(c.Rules) > 1 {
		return c.document.Mistake(advice, "rules", 1)
	}
	r := c.Rules[0]
	for _, k := range []struct {
		key     string
		without bool
	}{
		{"host", r.Host == ""}, {"path", r.Path == "/"}, {"methods", r.Methods == nil}, {"open", !r.Open},
		{"preflight", !r.Preflight}, {"lenient", len(r.Lenient) == 0},
	} {
		if !k.without {
			return c.document.Mistake(advice, "rules", 0, k.key)
		}
	}
	return nil
}

// checkPair returns why two rules cannot be combined.
func (c Config) checkPair(a, b parsedRule) error {
	if a.Host != b.Host {
		return nil
	}
	mistake := func(key, format string, args ...any) error {
		return c.document.Mistake(fmt.Sprintf(format, args...), "rules", b.index, key)
	}
	line := c.line(a)
	relation := a.folded.compare(b.folded)
	switch {
	case relation == disjoint:
	case relation == overlap:
		return mistake("path", "%s and %s of line %d have paths in common, and neither is narrower; make one of them narrower", b.Path, a.Path, line)
	case relation == equal && a.pattern.compare(b.pattern) != equal:
		return mistake("path", "%s is %s of line %d to services that do not tell letter case apart; keep one of them", b.Path, a.Path, line)
	case relation == equal:
		if method, both := a.shares(b.Rule); both {
			return mistake("methods", "%s has %s in line %d too; let each rule of a path have other methods (GET has HEAD)", b.Path, method, line)
		}
	case relation == wider && len(a.Lenient) > 0:
		return mistake("path", "%s lies below %s of line %d, which is lenient: what can be read in two ways would be let through to it; "+
			"make the lenient rule's path narrower", b.Path, a.Path, line)
	case relation == narrower && len(b.Lenient) > 0:
		return mistake("lenient", "%s of line %d lies below %s: what can be read in two ways would be let through to it; make this rule's path narrower",
			a.Path, line, b.Path)
	}
	return nil
}

// shares returns a method that two rules have, and false if there is none.
func (r Rule) shares(o Rule) (string, bool) {
	all := func(r Rule) []string {
		if slices.Contains(r.Methods, "GET") {
			return append(slices.Clone(r.Methods), "HEAD")
		}
		return r.Methods
	}
	mine, others := all(r), all(o)
	switch {
	case len(mine) == 0 && len(others) == 0:
		return "every method", true
	case len(mine) == 0:
		return others[0], true
	case len(others) == 0:
		return mine[0], true
	}
	for _, method := range mine {
		if slices.Contains(others, method) {
			return method, true
		}
	}
	return "", false
}

// weakRules returns warnings about rules below the path of a protected rule that let in callers
// whom the protected rule would refuse.
func (c Config) weakRules() (all []string) {
	rules := c.parsed()
	for _, protected := range rules {
		if protected.Open {
			continue
		}
		below := protected.folded.below()
		for _, holder := range rules {
			if holder.index == protected.index || holder.Host != protected.Host || !holds(rules, holder, below) {
				continue
			}
			if _, both := holder.shares(protected.Rule); !both {
				continue
			}
			where := fmt.Sprintf("%s (line %d) holds what is below %s (line %d)", holder.label(), c.line(holder), protected.label(), c.line(protected))
			switch {
			case holder.Open:
				all = append(all, where+" and is open")
			case !admitsOnly(holder.Require, protected.Require):
				all = append(all, where+" and lets in whom that would not")
			}
		}
	}
	return all
}

// holds reports whether a rule decides about paths of a pattern: all of them, or some.
func holds(rules []parsedRule, r parsedRule, below pattern) bool {
	switch r.folded.compare(below) {
	case equal, narrower:
		return true
	case wider: // the narrowest of those that are wider
		return !slices.ContainsFunc(rules, func(o parsedRule) bool {
			relation := o.folded.compare(below)
			return o.Host == r.Host && (relation == equal || relation == wider && o.folded.compare(r.folded) == narrower)
		})
	}
	return false
}

// label is the rule in metrics and logs.
func (r Rule) label() string { return r.Host + r.Path }
