package extauth

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/VictoriaMetrics/metrics"
	"github.com/stretchr/testify/require"
)

// An oracle decides by the rules without trees: it looks at every rule of a configuration.
type oracle []parsedRule

// narrowest returns the rules of the narrowest pattern that has a path, none if there is none.
func (o oracle) narrowest(path string, patternOf func(parsedRule) pattern) (all []parsedRule) {
	for _, r := range o {
		if !has(patternOf(r), path) {
			continue
		}
		if len(all) > 0 {
			switch patternOf(r).compare(patternOf(all[0])) {
			case wider:
				continue
			case narrower:
				all = nil
			}
		}
		all = append(all, r)
	}
	return all
}

// has reports whether a path is one of a pattern.
func has(p pattern, path string) bool {
	segments := strings.Split(path[1:], "/")
	for i, s := range p {
		switch {
		case s.kind == multi:
			return i < len(segments)
		case i == len(segments):
			return false
		case s.kind == end:
			return i == len(segments)-1 && segments[i] == ""
		case s.kind == single && segments[i] == "", s.kind == literal && segments[i] != s.text:
			return false
		}
	}
	return len(p) == len(segments)
}

func exactly(r parsedRule) pattern { return r.pattern }
func inCase(r parsedRule) pattern  { return r.folded }

// readings returns the rules of the paths that services may read a path as: with other letters, and
// without a final slash.
func (o oracle) readings(path string) (all [][]parsedRule) {
	folded := fold(path)
	all = append(all, o.narrowest(path, exactly), o.narrowest(folded, inCase))
	bare := strings.TrimRight(folded, "/")
	if bare == "" {
		return all
	}
	// /x/ and /x/{$} match /x too, and are narrower than any pattern that matches /x and more. A
	// configuration that has a rule for /x besides /x/ distinguishes them.
	without, with := o.narrowest(bare, inCase), o.narrowest(bare+"/", inCase)
	length := strings.Count(bare, "/")
	if len(with) == 0 || len(with[0].folded) != length+1 {
		return append(all, without)
	}
	if len(without) > 0 && len(without[0].folded) == length && without[0].folded[length-1].kind != multi {
		all = append(all, without)
		switch without[0].folded.compare(with[0].folded[:length]) {
		case narrower:
			return all
		case equal:
			if with[0].folded[length].kind == multi {
				return all
			}
		}
	}
	return append(all, with)
}

// decide returns the rules that a request must meet, or false if it is refused.
func (o oracle) decide(q question) (names []string, passes bool) {
	t, err := readTarget(q.target)
	if err != nil || t.odd != 0 {
		return nil, false
	}
	for i, rules := range o.readings(t.path) {
		if len(rules) == 0 {
			if i == 0 {
				return nil, false
			}
			continue
		}
		at := -1
		if q.preflight {
			at = slices.IndexFunc(rules, func(r parsedRule) bool { return r.Preflight })
		}
		isPreflight := at >= 0
		if at < 0 {
			at = slices.IndexFunc(rules, func(r parsedRule) bool {
				return r.Methods == nil || slices.Contains(r.Methods, q.method) || q.method == "HEAD" && slices.Contains(r.Methods, "GET")
			})
		}
		if at < 0 || q.override && rules[at].Methods != nil {
			return nil, false
		}
		name := rules[at].label() + fmt.Sprint(rules[at].Methods)
		if rules[at].Open || isPreflight {
			name += " open"
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, true
}

// randomRules returns a configuration of some rules.
func randomRules(t testing.TB, random *rand.Rand) Config {
	t.Helper()
	pick := func(texts ...string) string { return texts[random.IntN(len(texts))] }
	var good Config
	text := "proxy: nginx\naudiences: [a]\ntenants: [aaaaaaaa-0000-4000-8000-000000000000]\nrules:\n"
	for range 1 + random.IntN(9) {
		at := ""
		for i := range random.IntN(4) {
			at += "/" + pick("a", "a", "b", "B", "s", "ä", "l", fmt.Sprintf("{x%d}", i))
		}
		if at += pick("", "/", "/", "/{$}"); at == "" {
			at = "/"
		}
		rule := fmt.Sprintf("- {path: '%s'%s%s%s}\n", at,
			pick("", "", ", methods: [GET]", ", methods: [POST]", ", methods: [GET, OPTIONS]"),
			pick(", open: true", ", open: true", ", require: [{roles: [r]}]", ", require: [{roles: [r]}]", ", require: [{roles: [r]}], preflight: true"),
			pick("", "", "", ", lenient: [encoded_slash, semicolon, double_slash, encoded_percent]"))
		c, err := Read(strings.NewReader(text+rule), "guard.yaml")
		require.NoError(t, err)
		if c, err = c.Check(); err == nil {
			good, text = c, text+rule
		}
	}
	return good
}

// With any rules, a request must meet those that an oracle finds by looking at each.
func TestChooseAgainstOracle(t *testing.T) {
	t.Parallel()
	for seed := range uint64(1000) {
		random := rand.New(rand.NewPCG(seed, 1))
		c := randomRules(t, random)
		rules := c.compile(newMeters(metrics.NewSet(), nil))
		if len(c.Rules) == 0 {
			continue
		}
		for range 60 {
			q := question{override: random.IntN(8) == 0}
			q.preflight = !q.override && random.IntN(4) == 0
			q.method = []string{http.MethodGet, http.MethodHead, http.MethodPost, "get"}[random.IntN(4)]
			if q.preflight {
				q.method = http.MethodOptions
			}
			for range random.IntN(4) {
				q.target += "/" + []string{"a", "A", "b", "B", "%61", "s", "%c5%bf", "%C3%A4", "%C3%84", "c"}[random.IntN(10)]
			}
			q.target += []string{"", "/"}[random.IntN(2)]
			want, passes := oracle(c.parsed()).decide(q)
			got, err := rules.decideAll(q)
			require.Equal(t, passes, err == nil, "seed %d: %+v of %+v: %v, not %v %v", seed, q, c.Rules, want, got, err)
			require.Equal(t, want, got, "seed %d: %+v of %+v", seed, q, c.Rules)
		}
	}
}

// decideAll returns the rules that a request must meet, and whether they are open to it.
func (s *ruleset) decideAll(q question) (names []string, err error) {
	t, err := readTarget(q.target)
	if err != nil {
		return nil, err
	}
	c, err := s.choose(q, t)
	if err != nil {
		return nil, err
	}
	for _, r := range append([]*rule{c.rule}, c.further...) {
		name := r.name + fmt.Sprint(r.methods)
		if r.isOpen(q) {
			name += " open"
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names, nil
}
