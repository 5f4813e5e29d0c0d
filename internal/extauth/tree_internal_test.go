package extauth

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// With any patterns, the tree finds the same one as net/http.
func TestTree(t *testing.T) {
	t.Parallel()
	for seed := range uint64(500) {
		random := rand.New(rand.NewPCG(seed, 0))
		routes, mux := tree{}, http.NewServeMux()
		var known []pattern
		for range 12 {
			text := randomPattern(random)
			p, err := parsePattern(text)
			require.NoError(t, err, text)
			conflict := false
			for _, other := range known {
				relation := p.compare(other)
				conflict = conflict || relation == equal || relation == overlap
			}
			require.Equal(t, conflict, panics(func() { mux.Handle(text, http.NotFoundHandler()) }) != nil, "%s %v", text, known)
			if !conflict {
				known = append(known, p)
				routes.add(p, &route{[]*rule{{name: text}}})
			}
		}
		for range 50 {
			path := randomPath(random)
			r := &http.Request{Method: http.MethodGet, URL: &url.URL{Path: path}, Host: "a", Header: http.Header{}}
			handler, want := mux.Handler(r)
			w := &statusOnly{}
			if handler.ServeHTTP(w, r); w.status != http.StatusNotFound {
				// net/http redirects to the path with a slash: it has no pattern for this path, or
				// a wider one.
				want = ""
				if got := routes.find(path); got != nil {
					require.True(t, strings.HasSuffix(got.rules[0].name, "/") || strings.HasSuffix(got.rules[0].name, "...}"))
				}
				continue
			}
			got := ""
			if found := routes.find(path); found != nil {
				got = found.rules[0].name
			}
			require.Equal(t, want, got, "%s of %v", path, known)
		}
	}
}

func TestFindBare(t *testing.T) {
	t.Parallel()
	routes := tree{}
	for _, text := range []string{"/x/", "/y", "/y/", "/z", "/z/{$}", "/{w}/v", "/w/u/", "/{w}/u", "/b/{$}", "/b/", "/{i}", "/c/{$}", "/"} {
		p, err := parsePattern(text)
		require.NoError(t, err)
		routes.add(p, &route{[]*rule{{name: text}}})
	}
	for path, want := range map[string]string{
		"": " ", "/x": "/{i} /x/", "/x/a": " ", "/y": "/y ", "/y/a": " ", "/z": "/z /z/{$}", "/w/v": "/{w}/v ", "/w/u": "/{w}/u /w/u/", "/b": "/{i} /b/{$}",
		"/c": "/{i} /c/{$}", "/q": "/{i} ", "/w": "/{i} ", "/q/u": "/{w}/u ",
	} {
		var got []string
		own, below := routes.findBare(path)
		for _, r := range []*route{own, below} {
			name := ""
			if r != nil {
				name = r.rules[0].name
			}
			got = append(got, name)
		}
		require.Equal(t, want, strings.Join(got, " "), path)
	}
}

func randomPattern(random *rand.Rand) string {
	var b strings.Builder
	for i := range random.IntN(4) {
		b.WriteString("/" + []string{"a", "b", "c", fmt.Sprintf("{x%d}", i)}[random.IntN(4)])
	}
	b.WriteString([]string{"", "/", "/{$}", "/{rest...}"}[random.IntN(4)])
	if b.Len() == 0 {
		return "/"
	}
	return b.String()
}

func randomPath(random *rand.Rand) string {
	var b strings.Builder
	for range random.IntN(5) {
		b.WriteString("/" + []string{"a", "b", "c", "d"}[random.IntN(4)])
	}
	b.WriteString([]string{"", "/"}[random.IntN(2)])
	if b.Len() == 0 {
		return "/"
	}
	return b.String()
}
