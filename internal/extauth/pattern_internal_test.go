package extauth

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParsePattern(t *testing.T) {
	t.Parallel()
	lit := func(text string) segment { return segment{literal, text} }
	for text, want := range map[string]pattern{
		"/":               {{kind: multi}},
		"/{$}":            {{kind: end}},
		"/admin":          {lit("admin")},
		"/Admin/":         {lit("Admin"), {kind: multi}},
		"/a/{x}/b/{y...}": {lit("a"), {kind: single}, lit("b"), {kind: multi}},
		"/a/{$}":          {lit("a"), {kind: end}},
		"/%61%20b":        {lit("a b")},
		"/straße/":        {lit("straße"), {kind: multi}},
		"/stra%C3%9Fe":    {lit("straße")},
		"/über%20uns":     {lit("über uns")},
		"/{größe}":        {{kind: single}},
		"/.well-known/":   {lit(".well-known"), {kind: multi}},
	} {
		got, err := parsePattern(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for text, want := range map[string]string{
		"": "begins with a slash", "admin": "begins with a slash", "GET /admin": "begins with a slash", "get /x": "begins with a slash",
		"a:80/": "begins with a slash", "orders.example/": "begins with a slash", "http://a/": "begins with a slash",
		"//": "one slash", "/a//b": "one slash", "//a": "one slash", "/a//": "one slash",
		"/.": "dot", "/../a": "dot", "/a/./b": "dot", "/a/..": "dot", "/a./b": "dot", "/%2e%2e/": "dot", "/a%20/": "blank",
		"/a%2Fb": "encoded slash", "/a%5cb": "encoded slash", "/a;b": "semicolon", "/a%3Bb": "semicolon", "/a%25b": "encoded %", "/a\\b": "backslash",
		"/a?b": "query", "/a#b": "#", "/a b": "byte", "/a%zz": "escape", "/a%00": "control", "/%ff": "UTF-8",
		"/{": "wildcard", "/{}": "wildcard", "/{x": "wildcard", "/x}": "wildcard", "/a{x}": "wildcard", "/{x}b": "wildcard", "/{1}": "wildcard",
		"/{x...}/a": "wildcard", "/{$}/a": "wildcard", "/{...}": "wildcard", "/{x}/{x}": "wildcard", "/{x-y}": "wildcard", "/{$}/": "wildcard",
	} {
		_, err := parsePattern(text)
		require.ErrorContains(t, err, want, "%q", text)
	}
}

func TestPatternCompare(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		p, q string
		want relation
	}{
		{"/", "/", equal}, {"/a", "/a", equal}, {"/{x}", "/{y}", equal}, {"/a/", "/a/{x...}", equal}, {"/a%62", "/ab", equal},
		{"/a", "/", narrower}, {"/a/", "/", narrower}, {"/a/b", "/a/", narrower}, {"/a/{$}", "/a/", narrower}, {"/a/b", "/a/{x}", narrower},
		{"/a/b/", "/{x}/", narrower}, {"/{$}", "/", narrower}, {"/a/{x}/", "/a/", narrower},
		{"/a", "/b", disjoint}, {"/a", "/a/", disjoint}, {"/a", "/a/{$}", disjoint}, {"/A", "/a", disjoint}, {"/{x}", "/a/b", disjoint},
		{"/{x}", "/{$}", disjoint}, {"/a/{x}", "/a/{$}", disjoint}, {"/{x}", "/a/", disjoint},
		{"/a/{x}", "/{y}/b", overlap}, {"/{x}/b/", "/a/", overlap}, {"/{x}/b/{z...}", "/a/{y}/c", overlap},
	} {
		p, err := parsePattern(c.p)
		require.NoError(t, err)
		q, err := parsePattern(c.q)
		require.NoError(t, err)
		require.Equal(t, c.want, p.compare(q), "%s %s", c.p, c.q)
		reverse := map[relation]relation{narrower: wider, wider: narrower}
		want := c.want
		if r, ok := reverse[want]; ok {
			want = r
		}
		require.Equal(t, want, q.compare(p), "%s %s", c.q, c.p)
	}
}

func TestPatternBelow(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"/": "/", "/a": "/a/", "/a/": "/a/", "/a/{$}": "/a/", "/{x}": "/{x}/", "/{$}": "/", "/a/{x...}": "/a/"} {
		p, err := parsePattern(text)
		require.NoError(t, err)
		below, err := parsePattern(want)
		require.NoError(t, err)
		require.Equal(t, equal, p.below().compare(below), text)
	}
}

// FuzzPattern compares patterns and their tree with those of net/http: which two conflict, and
// which one matches a path.
func FuzzPattern(f *testing.F) {
	for _, seed := range [][3]string{
		{"/a/", "/a/{x}", "/a/b"}, {"/a/{x}", "/{y}/b", "/a/b"}, {"/{$}", "/", "/"}, {"/a", "/a/", "/a/"}, {"/{x}/b/", "/a/{$}", "/a/"},
		{"/a/b/c", "/a/{x}/", "/a/b/d"}, {"/%61", "/{x}", "/a"}, {"/ä/", "/{x...}", "/%C3%A4/"}, {"/A", "/a", "/A"},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, first, second, raw string) {
		p, errP := parsePattern(first)
		q, errQ := parsePattern(second)
		if errP != nil || errQ != nil {
			return // net/http takes more
		}
		mux := http.NewServeMux()
		mux.Handle(first, http.NotFoundHandler())
		relation := p.compare(q)
		conflict := relation == equal || relation == overlap
		if panicked := panics(func() { mux.Handle(second, http.NotFoundHandler()) }); panicked != nil {
			require.True(t, conflict, "%q %q: %v", first, second, panicked)
			return
		}
		require.False(t, conflict, "%q %q", first, second)
		at, err := readTarget(raw)
		if err != nil || at.odd != 0 {
			return
		}
		path, _, _ := strings.Cut(raw, "?")
		u, err := url.ParseRequestURI(path)
		if err != nil {
			return
		}
		handler, found := mux.Handler(&http.Request{Method: http.MethodGet, URL: u, Host: "a"})
		w := &statusOnly{}
		handler.ServeHTTP(w, &http.Request{Method: http.MethodGet, URL: u, Header: http.Header{}})
		if w.status != http.StatusNotFound {
			return // a redirect: the mux would have the path in another form
		}
		routes := tree{}
		for text, p := range map[string]pattern{first: p, second: q} {
			routes.add(p, &route{[]*rule{{name: text}}})
		}
		got := ""
		if all := routes.find(at.path); all != nil {
			got = all.rules[0].name
		}
		require.Equal(t, found, got, "%q %q: %q", first, second, raw)
	})
}

type statusOnly struct{ status int }

func (s *statusOnly) Header() http.Header         { return http.Header{} }
func (s *statusOnly) Write(p []byte) (int, error) { return len(p), nil }
func (s *statusOnly) WriteHeader(status int)      { s.status = status }

func panics(f func()) (value any) {
	defer func() { value = recover() }()
	f()
	return nil
}
