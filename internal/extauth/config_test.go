package extauth_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/extauth"
)

// head is what a file needs in addition to rules.
const head = "proxy: nginx\naudiences: [https://orders.example.com]\ntenants: [7e000000-0000-4000-8000-000000000001]\n"

func read(t testing.TB, text string) (extauth.Config, error) {
	t.Helper()
	c, err := extauth.Read(strings.NewReader(text), "guard.yaml")
	if err != nil {
		return c, err
	}
	return c.Check()
}

func TestConfig(t *testing.T) {
	t.Parallel()
	c, err := read(t, `
listen: ["127.0.0.1:16931", unix:/run/aztoken/guard.sock]
metrics: 127.0.0.1:16933
proxy: nginx
audiences: [api://orders]
tenants: [aaaaaaaa-0000-4000-8000-000000000000]
key_file: /var/lib/aztoken/keys.json
cloud: public
authority: http://127.0.0.1:16925
min_life: 5m
claims: false
rules:
  - host: orders.example
    path: /orders/
    methods: [GET, POST]
    require:
      - {roles: [reader, writer], app_only: true}
      - {scopes: [orders.read], callers: [bbbbbbbb-0000-4000-8000-000000000000]}
    preflight: true
    lenient: [encoded_slash, semicolon, double_slash, encoded_percent]
  - {path: /public/, methods: [GET], open: true}
`)
	require.NoError(t, err)
	require.Empty(t, c.Warnings())
	require.Len(t, c.Rules, 2)
	require.Equal(t, []extauth.Entry{
		{Roles: []string{"reader", "writer"}, AppOnly: true},
		{Scopes: []string{"orders.read"}, Callers: []string{"bbbbbbbb-0000-4000-8000-000000000000"}},
	}, c.Rules[0].Require)

	c, err = read(t, "audiences: [a]\ntenants: [aaaaaaaa-0000-4000-8000-000000000000]\nrules:\n- {path: /, require: [{app_only: true}]}\n")
	require.NoError(t, err, "without a proxy there is one rule")
	require.Equal(t, []string{extauth.DefaultListen}, c.Listen)
	require.Equal(t, extauth.DefaultMinLife, c.MinLife)
	require.Equal(t, "public", c.Cloud)
}

func TestConfigMistakes(t *testing.T) {
	t.Parallel()
	const required = "require: [{roles: [a]}]"
	for name, c := range map[string]struct{ text, want string }{
		"an unknown key":              {head + "rule: []\n", "line 4: field rule not found"},
		"a key twice":                 {head + "proxy: caddy\n", "line 4"},
		"an unknown key of a rule":    {head + "rules:\n- {path: /, open: true, method: [GET]}\n", "line 5: field method not found"},
		"an unknown requirement":      {head + "rules:\n- path: /\n  require:\n  - {role: [a]}\n", "line 7: field role not found"},
		"an address that is none":     {"listen: [16931]\n" + head, "line 1: listen[0]: \"16931\" is not an address"},
		"pages at none":               {"metrics: unix:guard.sock\n" + head, "line 1: metrics: \"unix:guard.sock\" is not a socket"},
		"an unknown proxy":            {"proxy: apache\naudiences: [a]\n", "line 1: proxy: \"apache\" is no kind of proxy; give one of nginx, haproxy, ingress-nginx, traefik, caddy, envoy"},
		"no audience":                 {"tenants: [7e000000-0000-4000-8000-000000000001]\n", "audiences: there is none"},
		"an audience that is none":    {"audiences:\n- a\n- api://a/.default\n", "line 3: audiences[1]: \"api://a/.default\" is no audience"},
		"no tenant":                   {"audiences: [a]\n", "tenants: there is none"},
		"a tenant that is none":       {"audiences: [a]\ntenants: [common]\n", "line 2: tenants[0]: \"common\" is not a GUID"},
		"a cloud that is none":        {head + "cloud: germany\n", "line 4: cloud: \"germany\" is no cloud"},
		"an authority that is none":   {head + "authority: http://login.example\n", "line 4: authority: \"http://login.example\" is not a base URL"},
		"a life of less than nothing": {head + "min_life: -1m\n", "line 4: min_life: -1m0s is less than nothing"},
		"no rules":                    {head, "rules: there is none"},
		"empty rules":                 {head + "rules: []\n", "line 4: rules: there is none"},

		"a rule that is neither open nor requires": {head + "rules:\n- {path: /, open: true, host: a}\n- path: /\n", "line 6: rules[1].path: the rule neither is open nor requires"},
		"open: false and nothing else":             {head + "rules:\n- path: /\n  open: false\n", "neither is open nor requires"},
		"a rule that is both":                      {head + "rules:\n- path: /\n  " + required + "\n  open: true\n", "line 7: rules[0].open: an open rule requires nothing"},
		"open and an empty requirement":            {head + "rules:\n- {path: /, open: true, require: []}\n", "an open rule requires nothing"},
		"no entry":                                 {head + "rules:\n- path: /\n  require: []\n", "line 6: rules[0].require: there is no entry"},
		"an empty entry":                           {head + "rules:\n- path: /\n  require:\n  - {roles: [a]}\n  - {}\n", "line 8: rules[0].require[1]: the entry requires nothing"},
		"an entry of false":                        {head + "rules:\n- path: /\n  require: [{app_only: false}]\n", "line 6: rules[0].require[0]: the entry requires nothing"},
		"an entry of empty lists":                  {head + "rules:\n- path: /\n  require: [{roles: [], scopes: []}]\n", "the entry requires nothing"},
		"an empty list beside another":             {head + "rules:\n- path: /\n  require:\n  - scopes: [a]\n    roles: []\n", "line 8: rules[0].require[0].roles[0]: there is none"},
		"an empty role":                            {head + "rules:\n- path: /\n  require:\n  - roles:\n    - a\n    - ''\n", "line 9: rules[0].require[0].roles[1]: \"\" is no name"},
		"a scope of two words":                     {head + "rules:\n- {path: /, require: [{scopes: [a b]}]}\n", "\"a b\" is no name"},
		"a caller that is none":                    {head + "rules:\n- {path: /, require: [{callers: [orders]}]}\n", "\"orders\" is not a GUID"},

		"a host of a template's unset variable": {head + "rules:\n- {path: /, open: true}\n- path: /a\n  host:\n  open: true\n", "line 7: rules[1].host: it is empty; give a value, or leave the key out"},
		"an empty host":                         {head + "rules:\n- {path: /, host: '', open: true}\n", "line 5: rules[0].host: it is empty"},
		"no value of methods":                   {head + "rules:\n- {path: /, methods: , open: true}\n", "rules[0].methods: it is empty"},
		"null methods":                          {head + "rules:\n- {path: /, methods: null, open: true}\n", "rules[0].methods: it is empty"},
		"no value of roles beside callers":      {head + "rules:\n- path: /\n  require:\n  - callers: [bbbbbbbb-0000-4000-8000-000000000000]\n    roles: ~\n", "line 8: rules[0].require[0].roles: it is empty"},
		"no value of app_only":                  {head + "rules:\n- path: /\n  require: [{roles: [a], app_only: }]\n", "rules[0].require[0].app_only: it is empty"},
		"no value of proxy":                     {"proxy:\naudiences: [a]\n", "line 1: proxy: it is empty"},
		"no value of key_file":                  {head + "key_file: ''\n", "line 4: key_file: it is empty"},

		"no path":                     {head + "rules:\n- {" + required + "}\n", "line 5: rules[0].path: \"\" is no path"},
		"a path with a method":        {head + "rules:\n- {path: get /x, open: true}\n", "\"get /x\" is no path: give a path that begins with a slash"},
		"a path with a host":          {head + "rules:\n- {path: 'a:80/', open: true}\n", "\"a:80/\" is no path"},
		"a path with a double slash":  {head + "rules:\n- {path: /a//b, open: true}\n", "\"/a//b\" is no path: no path has an empty segment"},
		"a path with dots":            {head + "rules:\n- {path: /a/../b, open: true}\n", "\"/a/../b\" is no path"},
		"a host in capitals":          {head + "rules:\n- {path: /, host: A.example, open: true}\n", "line 5: rules[0].host: \"A.example\" is no host as it is compared"},
		"a host with a port":          {head + "rules:\n- {path: /, host: 'a:80', open: true}\n", "\"a:80\" is no host"},
		"a host in other words":       {head + "rules:\n- {path: /, host: '[0::1]', open: true}\n", "\"[0::1]\" is no host"},
		"a host with a final dot":     {head + "rules:\n- {path: /, host: a., open: true}\n", "\"a.\" is no host"},
		"a host with a wildcard":      {head + "rules:\n- {path: /, host: '*.example', open: true}\n", "\"*.example\" is no host"},
		"a method in small letters":   {head + "rules:\n- {path: /, methods: [GET, post], open: true}\n", "line 5: rules[0].methods[1]: \"post\" is no method"},
		"an empty method":             {head + "rules:\n- {path: /, methods: [''], open: true}\n", "\"\" is no method"},
		"no methods":                  {head + "rules:\n- {path: /, methods: [], open: true}\n", "leave the key out for all methods"},
		"a leniency that is none":     {head + "rules:\n- {path: /, " + required + ", lenient: [slash]}\n", "line 5: rules[0].lenient[0]: \"slash\" is none of"},
		"lenient and open":            {head + "rules:\n- {path: /, open: true, lenient: [semicolon]}\n", "an open rule cannot be lenient"},
		"lenient without a slash":     {head + "rules:\n- {path: /a, " + required + ", lenient: [semicolon]}\n", "must end in a slash"},
		"lenient with a wildcard":     {head + "rules:\n- {path: '/{x}/', " + required + ", lenient: [semicolon]}\n", "have no wildcard"},
		"lenient with a rest":         {head + "rules:\n- {path: '/{x...}', " + required + ", lenient: [semicolon]}\n", "must end in a slash"},
		"open, of all, and preflight": {head + "rules:\n- {path: /, open: true, preflight: true}\n", "rules[0].preflight: an open rule of all methods"},

		"the same path":              {head + "rules:\n- {path: /a, open: true}\n- {path: /a, " + required + "}\n", "line 6: rules[1].methods: /a has every method in line 5 too"},
		"the same path and a method": {head + "rules:\n- {path: /a, methods: [PUT, GET], open: true}\n- {path: /a, methods: [POST, PUT], " + required + "}\n", "/a has PUT in line 5 too"},
		"GET beside HEAD":            {head + "rules:\n- {path: /a, methods: [GET], open: true}\n- {path: /a, methods: [HEAD], " + required + "}\n", "/a has HEAD in line 5 too"},
		"a method beside all":        {head + "rules:\n- {path: /a, methods: [GET], open: true}\n- {path: /a, " + required + "}\n", "/a has GET in line 5 too"},
		"other letters":              {head + "rules:\n- {path: /A, methods: [GET], open: true}\n- {path: /a, methods: [PUT], open: true}\n", "line 6: rules[1].path: /a is /A of line 5 to services"},
		"other letters below":        {head + "rules:\n- {path: '/A/{x}/', open: true}\n- {path: '/a/{y}/', " + required + "}\n", "of line 5 to services that do not tell letter case apart"},
		"letters that fold":          {head + "rules:\n- {path: /admin/, open: true}\n- {path: /admın/, " + required + "}\n", "of line 5 to services"},
		"other names of wildcards":   {head + "rules:\n- {path: '/a/{x}', open: true}\n- {path: '/a/{y}', " + required + "}\n", "has every method in line 5 too"},
		"an escape":                  {head + "rules:\n- {path: /%61, open: true}\n- {path: /a, " + required + "}\n", "has every method in line 5 too"},
		"paths that overlap":         {head + "rules:\n- {path: '/a/{x}', methods: [GET], open: true}\n- {path: '/{y}/b', methods: [PUT], " + required + "}\n", "line 6: rules[1].path: /{y}/b and /a/{x} of line 5 have paths in common"},
		"paths that overlap, folded": {head + "rules:\n- {path: '/A/{x}', open: true}\n- {path: '/{y}/b', " + required + "}\n", "have paths in common"},
		"a rule below a lenient one": {head + "rules:\n- {path: /, " + required + ", lenient: [semicolon]}\n- {path: /admin/, " + required + "}\n", "line 6: rules[1].path: /admin/ lies below / of line 5, which is lenient"},
		"a lenient one above":        {head + "rules:\n- {path: /Files/x, " + required + "}\n- {path: /files/, " + required + ", lenient: [semicolon]}\n", "line 6: rules[1].lenient: /Files/x of line 5 lies below /files/"},

		"without a proxy several rules":  {"audiences: [a]\ntenants: [7e000000-0000-4000-8000-000000000001]\nrules:\n- {path: /, " + required + "}\n- {path: /a, open: true}\n", "line 5: rules[1]: without proxy nothing is known"},
		"without a proxy a path":         {"audiences: [a]\ntenants: [7e000000-0000-4000-8000-000000000001]\nrules:\n- {path: /a/, " + required + "}\n", "line 4: rules[0].path: without proxy"},
		"without a proxy an open rule":   {"audiences: [a]\ntenants: [7e000000-0000-4000-8000-000000000001]\nrules:\n- {path: /, open: true}\n", "rules[0].open: without proxy"},
		"without a proxy methods":        {"audiences: [a]\ntenants: [7e000000-0000-4000-8000-000000000001]\nrules:\n- {path: /, methods: [GET], " + required + "}\n", "rules[0].methods: without proxy"},
		"without a proxy a host":         {"audiences: [a]\ntenants: [7e000000-0000-4000-8000-000000000001]\nrules:\n- {path: /, host: a, " + required + "}\n", "rules[0].host: without proxy"},
		"without a proxy preflights":     {"audiences: [a]\ntenants: [7e000000-0000-4000-8000-000000000001]\nrules:\n- {path: /, preflight: true, " + required + "}\n", "rules[0].preflight: without proxy"},
		"without a proxy lenient":        {"audiences: [a]\ntenants: [7e000000-0000-4000-8000-000000000001]\nrules:\n- {path: /, lenient: [semicolon], " + required + "}\n", "rules[0].lenient: without proxy"},
		"without a proxy an empty entry": {"audiences: [a]\ntenants: [7e000000-0000-4000-8000-000000000001]\nrules:\n- {path: /, require: [{}]}\n", "requires nothing"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := read(t, c.text)
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, "guard.yaml")
		})
	}
}

// Rules that look like a conflict but are not.
func TestConfigNeighbours(t *testing.T) {
	t.Parallel()
	const required = "require: [{roles: [a]}]"
	for name, rules := range map[string]string{
		"/x beside /x/":                     "- {path: /x, open: true}\n- {path: /x/, " + required + "}\n",
		"/x beside /X/":                     "- {path: /x, " + required + "}\n- {path: /X/, " + required + "}\n",
		"/x/ beside /x/{$}":                 "- {path: /x/, open: true}\n- {path: '/x/{$}', " + required + "}\n",
		"/x beside /x/{$}":                  "- {path: /x, open: true}\n- {path: '/x/{$}', " + required + "}\n",
		"/{x} beside /a/":                   "- {path: '/{x}', open: true}\n- {path: /a/, " + required + "}\n",
		"other methods":                     "- {path: /a, methods: [GET, HEAD], open: true}\n- {path: /a, methods: [POST], " + required + "}\n",
		"other hosts":                       "- {path: /, host: a, open: true}\n- {path: /, host: b, open: true}\n- {path: /, open: true}\n",
		"a lenient rule beside another":     "- {path: /a/, lenient: [semicolon], " + required + "}\n- {path: /b/, " + required + "}\n- {path: /, " + required + "}\n",
		"a lenient rule of another host":    "- {path: /, host: a, lenient: [semicolon], " + required + "}\n- {path: /b/, " + required + "}\n",
		"a lenient rule of other methods":   "- {path: /a/, methods: [GET], lenient: [semicolon], " + required + "}\n- {path: /a/, methods: [PUT], " + required + "}\n",
		"preflights of an open rule of GET": "- {path: /a/, methods: [GET], preflight: true, open: true}\n",
	} {
		_, err := read(t, head+"rules:\n"+rules)
		require.NoError(t, err, name)
	}
}

func TestConfigWarnings(t *testing.T) {
	t.Parallel()
	entry := func(roles string) string { return "require: [{roles: [" + roles + "]}]" }
	for name, c := range map[string]struct {
		rules string
		want  []string
	}{
		"an open rule below":                   {"- {path: /, " + entry("a") + "}\n- {path: /public/, open: true}\n", []string{"/public/ (line 6) holds what is below / (line 5) and is open"}},
		"an open rule around an exact path":    {"- {path: /admin, " + entry("a") + "}\n- {path: /, open: true}\n", []string{"/ (line 6) holds what is below /admin (line 5) and is open"}},
		"an open rule around one that ends":    {"- {path: '/admin/{$}', " + entry("a") + "}\n- {path: /, open: true}\n", []string{"and is open"}},
		"an open rule in other letters":        {"- {path: /Admin/, " + entry("a") + "}\n- {path: /admin/help, open: true}\n", []string{"/admin/help (line 6) holds what is below /Admin/ (line 5) and is open"}},
		"an open rule with the slash":          {"- {path: /admin, " + entry("a") + "}\n- {path: /admin/, open: true}\n", []string{"and is open"}},
		"a weaker rule below":                  {"- {path: /admin/, " + entry("a") + "}\n- {path: /admin/help/, " + entry("a, b") + "}\n", []string{"and lets in whom that would not"}},
		"a weaker rule around an exact path":   {"- {path: /admin, " + entry("admin") + "}\n- {path: /, " + entry("reader") + "}\n", []string{"/admin (line 5) holds what is below / (line 6) and lets in", "/ (line 6) holds what is below /admin (line 5) and lets in whom that would not"}},
		"users where only applications may":    {"- {path: /a/, require: [{roles: [a], app_only: true}]}\n- {path: /a/b, " + entry("a") + "}\n", []string{"lets in"}},
		"callers without roles":                {"- {path: /a/, require: [{app_only: true}]}\n- {path: /a/b, require: [{callers: [bbbbbbbb-0000-4000-8000-000000000000], app_only: true}]}\n", []string{"lets in", "lets in"}},
		"a further entry":                      {"- {path: /a/, " + entry("a") + "}\n- {path: /a/b, require: [{roles: [a]}, {scopes: [s]}]}\n", []string{"lets in"}},
		"on a host":                            {"- {host: h, path: /a, " + entry("a") + "}\n- {host: h, path: /, open: true}\n", []string{"h/ (line 6) holds what is below h/a (line 5)"}},
		"a stronger rule below":                {"- {path: /, " + entry("a, b") + "}\n- {path: /admin/, " + entry("a") + "}\n", nil},
		"the same rule below":                  {"- {path: /, " + entry("a") + "}\n- {path: /admin/, " + entry("a") + "}\n", nil},
		"one more key below":                   {"- {path: /, " + entry("a") + "}\n- {path: /admin/, require: [{roles: [a], callers: [bbbbbbbb-0000-4000-8000-000000000000]}]}\n", nil},
		"other scopes":                         {"- {path: /a/, require: [{scopes: [s]}]}\n- {path: /a/b/, require: [{scopes: [x]}]}\n", []string{"lets in"}},
		"other callers":                        {"- {path: /a/, require: [{callers: [bbbbbbbb-0000-4000-8000-000000000000]}]}\n- {path: /a/b/, require: [{callers: [cccccccc-0000-4000-8000-000000000000]}]}\n", []string{"lets in"}},
		"the same applications below":          {"- {path: /a/, require: [{app_only: true}]}\n- {path: /a/b, require: [{app_only: true}]}\n", nil},
		"the same applications with a role":    {"- {path: /a/, require: [{roles: [a], app_only: true}]}\n- {path: /a/b, require: [{roles: [a], app_only: true}]}\n", nil},
		"the same callers below":               {"- {path: /a/, require: [{callers: [bbbbbbbb-0000-4000-8000-000000000000]}]}\n- {path: /a/b, require: [{callers: [bbbbbbbb-0000-4000-8000-000000000000]}]}\n", nil},
		"callers with a role and a scope":      {"- {path: /a/, " + entry("a") + "}\n- {path: /a/b/, require: [{roles: [a], scopes: [s], callers: [bbbbbbbb-0000-4000-8000-000000000000]}]}\n", nil},
		"an exact path with its subtree":       {"- {path: /admin, " + entry("a") + "}\n- {path: /admin/, " + entry("a") + "}\n- {path: /, open: true}\n", nil},
		"a protected path below an open one":   {"- {path: /, open: true}\n- {path: /admin/, " + entry("a") + "}\n", nil},
		"paths beside each other":              {"- {path: /a/, open: true}\n- {path: /b/, " + entry("a") + "}\n", nil},
		"other methods":                        {"- {path: /a/, methods: [PUT], " + entry("a") + "}\n- {path: /a/b, methods: [GET], open: true}\n", nil},
		"other hosts":                          {"- {host: h, path: /a, " + entry("a") + "}\n- {path: /, open: true}\n", nil},
		"an open rule that a wildcard matches": {"- {path: '/{x}', " + entry("a") + "}\n- {path: /health, open: true}\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config, err := read(t, head+"rules:\n"+c.rules)
			require.NoError(t, err)
			got := config.Warnings()
			require.Len(t, got, len(c.want), got)
			for _, want := range c.want {
				require.Contains(t, strings.Join(got, "\n"), want)
			}
		})
	}
	config, err := read(t, "listen: ['0.0.0.0:16931']\n"+head+"rules:\n- {path: /, open: true}\n")
	require.NoError(t, err)
	require.Equal(t, []string{"0.0.0.0:16931 is reached by other machines, without encryption"}, config.Warnings())
}
