package extauth

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/VictoriaMetrics/metrics"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/verify"
)

// compiled returns the rules of a file with head and text, which has the rules.
func compiled(t testing.TB, text string) *ruleset {
	t.Helper()
	c, err := Read(strings.NewReader("proxy: nginx\naudiences: [a]\ntenants: [aaaaaaaa-0000-4000-8000-000000000000]\nrules:\n"+text), "guard.yaml")
	require.NoError(t, err)
	c, err = c.Check()
	require.NoError(t, err)
	return c.compile(newMeters(metrics.NewSet(), nil))
}

// decide returns the names of the rules that a request must meet, or why it is refused.
func (s *ruleset) decide(q question) (string, error) {
	t, err := readTarget(q.target)
	if err != nil {
		return "", err
	}
	c, err := s.choose(q, t)
	if err != nil {
		return "", err
	}
	names := []string{c.rule.name}
	for _, r := range c.further {
		names = append(names, r.name)
	}
	if c.isOpen(q) {
		names = append(names, "open")
	}
	return strings.Join(names, " "), nil
}

func get(host, target string) question {
	return question{original: original{method: http.MethodGet, host: host, target: target}}
}

func TestChoose(t *testing.T) {
	t.Parallel()
	const required = "require: [{roles: [reader]}]"
	for name, c := range map[string]struct {
		rules string
		want  map[string]string // by host and target
		not   map[string]error
	}{
		"the path decides, the narrowest first": {
			rules: "- {path: /, " + required + "}\n- {path: /public/, open: true}\n- {path: '/public/{x}/edit', " + required + "}\n- {path: '/{$}', open: true}",
			want: map[string]string{
				"/": "/{$} open", "/orders": "/", "/public/": "/public/ open", "/public/a": "/public/ open", "/public/a/edit": "/public/{x}/edit",
				"/public/a/edit/b": "/public/ open", "/public/a/edit?x": "/public/{x}/edit", "/%70ublic/a": "/public/ open",
			},
		},
		"no rule, no pass": {
			rules: "- {path: /orders/, open: true}\n- {path: /exact, open: true}",
			want:  map[string]string{"/orders/": "/orders/ open", "/exact": "/exact open"},
			not:   map[string]error{"/": errNoRule, "/orders": errNoRule, "/order/": errNoRule, "/exact/": errNoRule, "/exact/a": errNoRule, "/Orders/": errNoRule},
		},
		"a host with rules of its own sees only these": {
			rules: "- {path: /, open: true}\n- {host: orders.example, path: /orders/, " + required + "}\n- {host: '[::1]', path: /, " + required + "}",
			want: map[string]string{
				"/": "/ open", "other.example/orders/": "/ open", "orders.example/orders/": "orders.example/orders/", "[::1]/a": "[::1]/", "a.orders.example/orders/": "/ open",
			},
			not: map[string]error{"orders.example/": errNoRule, "orders.example/admin": errNoRule},
		},
		"without rules for other hosts these have none": {
			rules: "- {host: orders.example, path: /, open: true}",
			not:   map[string]error{"/": errNoRule, "other.example/": errNoRule},
		},
		"spellings that services take for a protected path must meet it too": {
			rules: "- {path: /, open: true}\n- {path: /admin/, " + required + "}\n- {path: /Keys, " + required + "}\n- {path: /x, open: true}\n- {path: /x/, " + required + "}",
			want: map[string]string{
				"/admin": "/ /admin/", "/Admin": "/ /admin/", "/ADMIN/": "/ /admin/", "/AdMiN/x": "/ /admin/", "/adm%49n": "/ /admin/", "/adm%C4%B1n/": "/ /admin/",
				"/ADM%C4%B0N/": "/ /admin/", "/keys": "/ /Keys", "/keys/": "/ /Keys", "/Keys/": "/ /Keys", "/KEYS": "/ /Keys", "/%E2%84%AAeys": "/ /Keys",
				"/keyſ": "/ /Keys", "/Keys": "/Keys", "/keys/a": "/ open", "/administrator": "/ open", "/x": "/x open", "/x/": "/x/ /x", "/X": "/ /x open", "/X/a": "/ /x/",
				"/X/": "/ /x/ /x",
			},
		},
		"also where a wildcard has what another rule has with the slash": {
			rules: "- {path: /, open: true}\n- {path: '/{id}', " + required + "}\n- {path: /public/, open: true}\n- {path: '/c/{$}', open: true}\n" +
				"- {path: '/w/{x}/b', " + required + "}\n- {path: /w/a/b/, open: true}",
			want: map[string]string{
				"/public/": "/public/ /{id}", "/public": "/{id} /public/", "/Public/": "/ /public/ /{id}", "/public/x": "/public/ open", "/c/": "/c/{$} /{id}", "/C": "/{id} /c/{$}",
				"/w/a/b/": "/w/a/b/ /w/{x}/b", "/w/a/b": "/w/{x}/b /w/a/b/", "/w/a/B": "/ /w/{x}/b /w/a/b/", "/w/a/b/c": "/w/a/b/ open", "/w/z/b/": "/ /w/{x}/b",
			},
		},
		"wildcards too": {
			rules: "- {path: /, open: true}\n- {path: '/item/{id}', " + required + "}\n- {path: '/{$}', " + required + "}\n- {path: '/a/{$}', " + required + "}\n" +
				"- {path: '/w/{x}/b', " + required + "}",
			want: map[string]string{
				"/item/1": "/item/{id}", "/Item/1": "/ /item/{id}", "/item/1/": "/ /item/{id}", "/item/": "/ open", "/item": "/ open", "/": "/{$}",
				"/a": "/ /a/{$}", "/a/": "/a/{$}", "/A": "/ /a/{$}", "/w/z/b": "/w/{x}/b", "/w/z/B": "/ /w/{x}/b", "/W/z/b/": "/ /w/{x}/b",
			},
		},
		"what can be read in two ways needs a lenient rule": {
			rules: "- {path: /, " + required + "}\n- {path: /files/, " + required + ", lenient: [encoded_slash, double_slash, semicolon, encoded_percent]}\n" +
				"- {path: /one/, " + required + ", lenient: [semicolon]}\n- {path: /two/, " + required + ", lenient: [double_slash]}\n- {path: /open/, open: true}\n- {path: /files, " + required + "}",
			want: map[string]string{
				"/files/a%2Fb": "/files/", "/files/a;b": "/files/", "/files//a": "/files/", "/files/100%25": "/files/", "/files/a%252fb": "/files/", "/files/;a": "/files/ /files",
				"/files/%5C%5c": "/files/ /files", "/one/a;b=c": "/one/", "/one/a%3bb": "/one/", "/files/": "/files/ /files", "/files//": "/files/ /files", "/files": "/files",
			},
			not: map[string]error{
				"//files/a": errDoubleSlash, "/files;/a": errSemicolon, "/files%2fa": errEncodedSlash, "/%2Ffiles/a": errEncodedSlash, "/Files/a;b": errSemicolon,
				"/one/a%2fb": errEncodedSlash, "/two/a;b//c": errSemicolon, "/two/a//b;c": errSemicolon, "/one//a": errDoubleSlash, "/one/a;b//": errDoubleSlash, "/one/%253b": errEncodedEscape, "/a;b": errSemicolon,
				"/open/a;b": errSemicolon, "/open//": errDoubleSlash, "/open/%2f": errEncodedSlash, "/files/..%2f..": errDots, "/files/..;/a": errDots,
			},
		},
		"also at the root, where it is alone": {
			rules: "- {path: /, " + required + ", lenient: [encoded_slash, double_slash]}",
			want:  map[string]string{"//": "/", "//a": "/", "/a%2fb": "/", "/%2f": "/"},
			not:   map[string]error{"/a;b": errSemicolon},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rules := compiled(t, c.rules)
			ask := func(where string) (string, error) {
				i := strings.IndexByte(where, '/')
				return rules.decide(get(where[:i], escapeLetters(where[i:])))
			}
			for where, want := range c.want {
				got, err := ask(where)
				require.NoError(t, err, where)
				require.Equal(t, want, got, where)
			}
			for where, want := range c.not {
				_, err := ask(where)
				require.ErrorIs(t, err, want, where)
			}
		})
	}
}

// escapeLetters returns a target as it is sent: non-ASCII letters are escaped.
func escapeLetters(target string) string {
	var b strings.Builder
	for _, r := range target {
		if r < utf8.RuneSelf {
			b.WriteRune(r)
		} else {
			b.WriteString(url.PathEscape(string(r)))
		}
	}
	return b.String()
}

// Check refuses such rules; they would not be let through either.
func TestChooseWithRulesBelowALenientOne(t *testing.T) {
	t.Parallel()
	c, err := Read(strings.NewReader(`
proxy: nginx
rules:
- {path: /, require: [{roles: [reader]}], lenient: [encoded_slash, semicolon, double_slash, encoded_percent]}
- {path: /admin/, require: [{roles: [admin]}]}
`), "guard.yaml")
	require.NoError(t, err)
	rules := c.compile(newMeters(metrics.NewSet(), nil))
	for target, want := range map[string]string{
		"/admin;x": "/ /admin/", "/admin%2f": "", "//admin/": "", "//admin": "/ /admin/", "/%2561dmin/": "", "/a;b": "/", "/;/admin/a": "", "/Admin;x": "/ /admin/",
	} {
		got, err := rules.decide(get("", target))
		require.Equal(t, want, got, target)
		if want == "" {
			require.ErrorIs(t, err, errTwoReadings, target)
		}
	}
}

func TestChooseByMethod(t *testing.T) {
	t.Parallel()
	rules := compiled(t, `
- {path: /orders/, methods: [GET], require: [{roles: [reader]}]}
- {path: /orders/, methods: [POST, PUT], require: [{roles: [writer]}], preflight: true}
- {path: /all/, require: [{roles: [reader]}], preflight: true}
- {path: /open/, methods: [GET], open: true}
- {path: /open/, methods: [DELETE], require: [{roles: [writer]}]}
- {path: /Two/, methods: [GET], open: true}
- {path: /two, methods: [POST], require: [{roles: [writer]}]}
- {path: /head, methods: [HEAD], open: true}
- {path: /plain, require: [{roles: [reader]}]}
- {path: /files, methods: [GET], require: [{roles: [reader]}]}
- {path: /files/, require: [{roles: [writer]}], lenient: [semicolon]}`)
	type asked struct {
		method, target string
		headers        string
	}
	for a, want := range map[asked]string{
		{"GET", "/orders/1", ""}:              "/orders/",
		{"HEAD", "/orders/1", ""}:             "/orders/",
		{"POST", "/orders/1", ""}:             "/orders/",
		{"ANYTHING", "/all/", ""}:             "/all/",
		{"get", "/all/", ""}:                  "/all/",
		{"GET", "/open/", ""}:                 "/open/ open",
		{"HEAD", "/open/", ""}:                "/open/ open",
		{"DELETE", "/open/", ""}:              "/open/",
		{"HEAD", "/head", ""}:                 "/head open",
		{"OPTIONS", "/orders/1", "preflight"}: "/orders/ open",
		{"OPTIONS", "/all/", "preflight"}:     "/all/ open",
		{"OPTIONS", "/all/", ""}:              "/all/",
		{"GET", "/files/;", ""}:               "/files/ /files",
		{"POST", "/files/;x/a", ""}:           "/files/",
		{"OPTIONS", "/plain", "preflight"}:    "/plain",
		{"POST", "/all/", "override"}:         "/all/",
		{"POST", "/plain", "override"}:        "/plain",
	} {
		q := question{original{a.method, "", a.target}, strings.Contains(a.headers, "preflight"), strings.Contains(a.headers, "override")}
		got, err := rules.decide(q)
		require.NoError(t, err, a)
		require.Equal(t, want, got, a)
	}
	for a, want := range map[asked]error{
		{"DELETE", "/orders/1", ""}:        errNoMethod,
		{"get", "/orders/1", ""}:           errNoMethod,
		{"Get", "/open/", ""}:              errNoMethod,
		{"OPTIONS", "/orders/1", ""}:       errNoMethod,
		{"OPTIONS", "/open/", "preflight"}: errNoMethod,
		{"POST", "/open/", ""}:             errNoMethod,
		{"GET", "/head", ""}:               errNoMethod,
		{"GET", "/Two/", ""}:               errNoMethod, // the folded one allows only POST
		// The other reading is /files, which allows only GET.
		{"POST", "/files/;", ""}:          errNoMethod,
		{"POST", "/files/", ""}:           errNoMethod,
		{"GET", "/orders/1", "override"}:  errOverride,
		{"POST", "/orders/1", "override"}: errOverride,
		{"GET", "/open/", "override"}:     errOverride,
	} {
		q := question{original{a.method, "", a.target}, strings.Contains(a.headers, "preflight"), strings.Contains(a.headers, "override")}
		_, err := rules.decide(q)
		require.ErrorIs(t, err, want, a)
	}
}

// All rules that a request must meet are met, or it is refused.
func TestMeet(t *testing.T) {
	t.Parallel()
	rules := compiled(t, `
- {path: /, require: [{roles: [reader]}], preflight: true}
- {path: /admin/, require: [{roles: [admin]}]}
- {path: /open/, open: true}
- {path: /Help, methods: [GET, OPTIONS], open: true}
- {path: '/{x}', methods: [GET, OPTIONS], require: [{scopes: [help]}], preflight: true}`)
	reader, admin, both := []string{"reader"}, []string{"admin"}, []string{"reader", "admin"}
	for _, c := range []struct {
		target    string
		preflight bool
		roles     []string
		scopes    []string
		meets     bool
	}{
		{"/a/b", false, reader, nil, true}, {"/a/b", false, admin, nil, false}, {"/a/b", false, nil, nil, false},
		{"/Admin/a", false, reader, nil, false}, {"/Admin/a", false, admin, nil, false}, {"/Admin/a", false, both, nil, true},
		{"/Open/", false, nil, []string{"help"}, false}, {"/Open/", false, reader, []string{"help"}, true}, {"/Open/", false, reader, nil, false},
		{"/help", false, nil, []string{"help"}, true}, {"/help", false, nil, nil, false}, {"/Help", false, nil, nil, true}, {"/open/a", false, nil, nil, true},
		{"/Admin/a", true, reader, nil, false}, {"/Admin/a", true, admin, nil, true}, {"/a/b", true, nil, nil, true}, {"/help", true, nil, nil, true},
	} {
		q := get("", c.target)
		if q.preflight = c.preflight; c.preflight {
			q.method = http.MethodOptions
		}
		at, err := readTarget(c.target)
		require.NoError(t, err)
		chosen, err := rules.choose(q, at)
		require.NoError(t, err)
		err = chosen.meet(q, &verify.Claims{Roles: c.roles, Scopes: c.scopes})
		require.Equal(t, c.meets, err == nil, "%+v: %v", c, err)
	}
}
