package extauth

import "slices"

// compile returns the rules of a checked configuration.
func (c Config) compile(m *meters) *ruleset {
	s := &ruleset{hosts: map[string]*site{}}
	routes := map[*site][]*route{}
	patterns := map[*route]pattern{}
	for _, r := range c.parsed() {
		compiled := r.compile(m)
		if c.Proxy == NoProxy {
			s.only = compiled
			return s
		}
		on := s.site(r.Host)
		i := slices.IndexFunc(routes[on], func(known *route) bool { return patterns[known].compare(r.pattern) == equal })
		if i >= 0 {
			routes[on][i].rules = append(routes[on][i].rules, compiled)
			continue
		}
		added := &route{[]*rule{compiled}}
		routes[on], patterns[added] = append(routes[on], added), r.pattern
		on.exact.add(r.pattern, added)
		on.folded.add(r.folded, added)
	}
	return s
}

// site returns the site of a host, and makes it if there is none.
func (s *ruleset) site(host string) *site {
	on := s.hosts[host]
	if host == "" {
		on = s.other
	}
	if on != nil {
		return on
	}
	on = new(site)
	if host == "" {
		s.other = on
	} else {
		s.hosts[host] = on
	}
	return on
}

func (r Rule) compile(m *meters) *rule {
	compiled := &rule{
		name: r.label(), methods: r.Methods, open: r.Open, requirement: oneOf(r.Require), preflight: r.Preflight,
		counts: m.counts(r.label(), allowed, open, noToken, badToken, forbidden, noRule, badRequest, unavailable),
	}
	for _, word := range r.Lenient {
		compiled.lenient |= lenienceOf(word)
	}
	return compiled
}
