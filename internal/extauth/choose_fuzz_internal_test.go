package extauth

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/VictoriaMetrics/metrics"
	"github.com/stretchr/testify/require"
)

// protects reports whether a path, in any spelling, is one that the rules of FuzzChoose protect.
func protects(reading string) bool {
	reading = strings.ToLower(strings.ToUpper(path.Clean("/" + reading)))
	segments := strings.Split(strings.Trim(reading, "/"), "/")
	switch segments[0] {
	case "admin", "files":
		return true
	case "secret":
		return len(segments) == 1
	case "item":
		return len(segments) == 2
	case "api":
		return len(segments) > 1 && segments[1] == "v1"
	}
	return false
}

// readings returns a path as services of many kinds may read it.
func readings(raw string) []string {
	raw, _, _ = strings.Cut(raw, "?")
	all := []string{raw}
	for range 4 { // decoded repeatedly, each time with what else services do
		last := all[len(all)-1]
		decoded, err := url.PathUnescape(last)
		if err != nil {
			break
		}
		all = append(all, decoded)
	}
	for _, reading := range all[:len(all):len(all)] {
		reading = strings.ReplaceAll(reading, `\`, "/")
		var cut []string
		for _, segment := range strings.Split(reading, "/") {
			segment, _, _ = strings.Cut(segment, ";")
			cut = append(cut, strings.TrimRight(segment, ". "))
		}
		before, _, _ := strings.Cut(reading, "#")
		nul, _, _ := strings.Cut(reading, "\x00")
		all = append(all, reading, strings.Join(cut, "/"), before, nul)
	}
	return all
}

// FuzzChoose checks that an open rule never wins if a service may read the path as a protected one.
func FuzzChoose(f *testing.F) {
	for _, seed := range []string{
		"/public/a", "/", "/Admin", "/admin/", "/admin;x", "//admin", "/adm%C4%B1n", "/public/..%2fadmin", "/item/1/", "/secret/", "/api/V1/x", "/files/a;b",
		"/public/%252e%252e/admin", "/admin%2f", "/%61dmin", "/admin.", "/admin%20", "/public\\..\\admin", "/public#/admin", "/api//v1", "/api/v1;x", "/ITEM/a",
	} {
		f.Add(seed)
	}
	rules := compiled(f, `
- {path: /, open: true}
- {path: /public/, open: true}
- {path: /admin/, require: [{roles: [admin]}]}
- {path: /secret, require: [{roles: [admin]}]}
- {path: '/item/{id}', require: [{roles: [reader]}]}
- {path: /api/, open: true}
- {path: /Api/V1/, require: [{roles: [reader]}]}
- {path: /files/, require: [{roles: [reader]}], lenient: [encoded_slash, semicolon, double_slash, encoded_percent]}`)
	f.Fuzz(func(t *testing.T, raw string) {
		decision, err := rules.decide(get("", raw))
		if err != nil || !strings.HasSuffix(decision, " open") {
			return
		}
		for _, reading := range readings(raw) {
			require.False(t, protects(reading), "%q is open, and may be read as %q", raw, reading)
		}
	})
}

// FuzzChooseRules checks with random rules that a request that passes meets the rules of every
// reading of its path.
func FuzzChooseRules(f *testing.F) {
	for seed, target := range []string{
		"/a/", "/A/B/", "/a;x", "/a/b%2F", "//a", "/a/%2561", "/a/b;/", "/l/a%2fb/", "/l/;", "/L//a", "/l/%255cb", "/s/%C5%BF", "/a/%62/?b", "/l/%25%32%66", "/a%3bx/b",
	} {
		f.Add(uint64(seed), target)
	}
	f.Fuzz(func(t *testing.T, seed uint64, raw string) {
		c := randomRules(t, rand.New(rand.NewPCG(seed, 2)))
		passed, err := c.compile(newMeters(metrics.NewSet(), nil)).decideAll(get("", raw))
		if err != nil {
			return
		}
		for _, reading := range readings(decodedOnce(raw)) {
			clean := path.Clean("/" + reading)
			if strings.HasSuffix(reading, "/") && clean != "/" {
				clean += "/"
			}
			for _, rules := range oracle(c.parsed()).readings(clean) {
				for _, r := range rules {
					name := r.label() + fmt.Sprint(r.Methods)
					require.True(t, r.Open || len(r.Methods) > 0 && !slices.Contains(r.Methods, http.MethodGet) || slices.Contains(passed, name),
						"%q meets %v of %+v, and may be read as %q, which is %s", raw, passed, c.Rules, clean, name)
				}
			}
		}
	})
}

// decodedOnce returns the path of a target with the minimal decoding of RFC 3986, section 6.2.2.2.
func decodedOnce(raw string) string {
	raw, _, _ = strings.Cut(raw, "?")
	decoded, _ := url.PathUnescape(raw)
	return decoded
}
