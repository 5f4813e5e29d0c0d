package extauth_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
)

// edit changes a token before it is signed.
type edit = func(*imdstest.JWT)

func claim(name string, value any) edit {
	return func(j *imdstest.JWT) {
		if j.Claims[name] = value; value == nil {
			delete(j.Claims, name)
		}
	}
}

func roles(names ...string) edit { return claim("roles", names) }

// user makes a token that of a user, with scopes.
func user(scopes string) []edit {
	return []edit{claim("roles", nil), claim("scp", scopes), claim("sub", "a-pairwise-subject"), claim("oid", other)}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	rules := head + `rules:
- {path: /orders/, methods: [GET, POST], require: [{roles: [reader, writer], app_only: true}, {scopes: [orders.read], callers: [` + other + `]}]}
- {path: /admin/, require: [{roles: [admin]}]}
- {path: /callers/, require: [{callers: [` + object + `]}]}
- {path: /clients/, require: [{callers: [` + caller + `]}]}
- {path: /app/, require: [{app_only: true}]}
- {path: /any/, require: [{callers: [` + strings.ToUpper(object) + `]}, {roles: [admin]}]}
- {path: /public/, open: true}
`
	for name, c := range map[string]struct {
		target    string
		edits     []edit
		status    int
		challenge string // a part of it
		result    string // with the rule
	}{
		"a good token":                          {"/orders/1", []edit{roles("reader")}, 200, "", "/orders/ allowed"},
		"the other role":                        {"/orders/1", []edit{roles("x", "writer")}, 200, "", "/orders/ allowed"},
		"another role":                          {"/orders/1", []edit{roles("admin")}, 403, `error="insufficient_scope"`, "/orders/ forbidden"},
		"a role in other letters":               {"/orders/1", []edit{roles("Reader")}, 403, "insufficient_scope", "/orders/ forbidden"},
		"a user with the other entry":           {"/orders/1", user("openid orders.read"), 200, "", "/orders/ allowed"},
		"a user with a role":                    {"/orders/1", append(user("x"), roles("reader")), 403, "insufficient_scope", "/orders/ forbidden"},
		"a user who is another":                 {"/orders/1", append(user("orders.read"), claim("oid", object)), 403, "insufficient_scope", "/orders/ forbidden"},
		"half of each entry":                    {"/orders/1", append(user("orders.write"), roles("reader")), 403, "insufficient_scope", "/orders/ forbidden"},
		"a token without roles":                 {"/admin/", []edit{claim("roles", nil)}, 403, "insufficient_scope", "/admin/ forbidden"},
		"a token without roles of a caller":     {"/callers/", []edit{claim("roles", nil)}, 200, "", "/callers/ allowed"},
		"a token without roles of a client":     {"/clients/", []edit{claim("roles", nil)}, 200, "", "/clients/ allowed"},
		"a user of a client":                    {"/clients/", user("x"), 403, "insufficient_scope", "/clients/ forbidden"},
		"another caller":                        {"/callers/", []edit{claim("oid", other)}, 403, "insufficient_scope", "/callers/ forbidden"},
		"an application without roles":          {"/app/", []edit{claim("roles", nil)}, 403, "insufficient_scope", "/app/ forbidden"},
		"an application with any role":          {"/app/", []edit{roles("x")}, 200, "", "/app/ allowed"},
		"the first of two entries":              {"/any/", []edit{claim("roles", nil)}, 200, "", "/any/ allowed"},
		"the second of two entries":             {"/any/", []edit{claim("oid", other), claim("sub", other), roles("admin")}, 200, "", "/any/ allowed"},
		"none of two entries":                   {"/any/", []edit{claim("oid", other), claim("sub", other)}, 403, "insufficient_scope", "/any/ forbidden"},
		"another audience":                      {"/orders/1", []edit{claim("aud", "https://other.example")}, 401, `error="invalid_token"`, "/orders/ bad_token"},
		"another tenant":                        {"/orders/1", []edit{claim("tid", "aaaaaaaa-0000-4000-8000-000000000000")}, 401, "invalid_token", "/orders/ bad_token"},
		"an expired token":                      {"/orders/1", []edit{claim("exp", time.Now().Add(-time.Hour).Unix())}, 401, "invalid_token", "/orders/ bad_token"},
		"a token of tomorrow":                   {"/orders/1", []edit{claim("nbf", time.Now().Add(24*time.Hour).Unix()), claim("exp", time.Now().Add(48*time.Hour).Unix())}, 401, "invalid_token", "/orders/ bad_token"},
		"an ID token":                           {"/orders/1", []edit{claim("nonce", "n"), claim("appid", nil)}, 401, "invalid_token", "/orders/ bad_token"},
		"a token bound to a key":                {"/orders/1", []edit{claim("cnf", "x")}, 401, "invalid_token", "/orders/ bad_token"},
		"a token without signature":             {"/orders/1", []edit{func(j *imdstest.JWT) { j.Header["alg"] = "none" }}, 401, "invalid_token", "/orders/ bad_token"},
		"an open rule with a bad token":         {"/public/a", []edit{claim("exp", int64(1))}, 200, "", "/public/ open"},
		"a path that has no rule":               {"/", []edit{roles("reader", "admin")}, 403, "insufficient_scope", "none no_rule"},
		"a path that may be one of another":     {"/orders/1;x", []edit{roles("reader", "admin")}, 403, "invalid_request", "/orders/ bad_request"},
		"a protected path in another spelling":  {"/Orders/1", []edit{roles("reader")}, 403, "insufficient_scope", "none no_rule"},
		"dots on a protected path":              {"/public/../admin/", []edit{roles("reader")}, 403, "invalid_request", "none bad_request"},
		"dots that are encoded twice":           {"/public/%252e%252e/admin/", []edit{roles("reader")}, 403, "invalid_request", "none bad_request"},
		"a query that looks like an open route": {"/admin/?/public/", []edit{roles("reader")}, 403, "insufficient_scope", "/admin/ forbidden"},
		"a fragment":                            {"/public/#/../admin", nil, 403, "invalid_request", "none bad_request"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := start(t, entraID(), configured(t, rules))
			w := f.ask(t, question(f.entra.Mint(audience, c.edits...), "GET", c.target))
			require.Equal(t, c.status, w.Code, f.log)
			require.Contains(t, w.Header().Get("WWW-Authenticate"), c.challenge)
			rule, result, _ := strings.Cut(c.result, " ")
			f.counted(t, rule, result, "1")
		})
	}
}

func TestCheckWithoutToken(t *testing.T) {
	t.Parallel()
	f := start(t, entraID(), configured(t, head+"rules:\n- {path: /, require: [{roles: [reader]}]}\n"))
	good := f.entra.Mint(audience)
	for name, c := range map[string]struct {
		header    []string
		challenge string
	}{
		"none":                    {nil, `Bearer realm="api"`},
		"another scheme":          {[]string{"Basic dXNlcjpwYXNz"}, `Bearer realm="api"`},
		"an empty header":         {[]string{""}, `Bearer realm="api"`},
		"no token":                {[]string{"Bearer "}, `error="invalid_request"`},
		"two tokens":              {[]string{"Bearer " + good + " " + good}, `error="invalid_request"`},
		"two headers":             {[]string{"Bearer " + good, "Bearer " + good}, `error="invalid_request"`},
		"a list":                  {[]string{"Bearer " + good + ",Bearer x"}, `error="invalid_request"`},
		"garbage":                 {[]string{"Bearer x"}, `error="invalid_token"`},
		"a token over 16 KiB":     {[]string{"Bearer " + good + strings.Repeat("A", 16<<10)}, `error="invalid_token"`},
		"a token cut short":       {[]string{"Bearer " + good[:len(good)-10]}, `error="invalid_token"`},
		"the token in the target": {nil, `Bearer realm="api"`},
	} {
		r := question("", "GET", "/?access_token="+good)
		if c.header != nil {
			r.Header["Authorization"] = c.header
		}
		w := f.ask(t, r)
		require.Equal(t, http.StatusUnauthorized, w.Code, name)
		require.Contains(t, w.Header().Get("WWW-Authenticate"), c.challenge, name)
	}
	f.counted(t, "/", "no_token", "4")
	f.counted(t, "/", "bad_token", "7")
}

func TestCheckTellsTheService(t *testing.T) {
	t.Parallel()
	const required = "rules:\n- {path: /, require: [{callers: [" + object + "]}, {scopes: [orders.read]}]}\n- {path: /open/, open: true}\n- {path: /pre/, require: [{roles: [a]}], preflight: true}\n"
	f := start(t, entraID(), configured(t, head+required))
	header := func(r *http.Request) http.Header {
		t.Helper()
		w := f.ask(t, r)
		require.Equal(t, http.StatusOK, w.Code, f.log)
		require.Zero(t, w.Body.Len())
		return w.Header()
	}
	t.Run("who calls", func(t *testing.T) {
		h := header(question(f.entra.Mint(audience, roles("reader", "orders.write")), "GET", "/"))
		require.Equal(t, []string{imdstest.DefaultTenantID, object, caller, "reader,orders.write", "", ""}, []string{
			h.Get("X-Auth-Tenant"), h.Get("X-Auth-Object-Id"), h.Get("X-Auth-Client-Id"), h.Get("X-Auth-Roles"), h.Get("X-Auth-Scopes"), h.Get("X-Auth-Claims"),
		})
	})
	t.Run("with empty values where there is nothing to say", func(t *testing.T) {
		h := header(question(f.entra.Mint(audience, claim("roles", nil)), "GET", "/"))
		require.Equal(t, []string{""}, h["X-Auth-Roles"])
		require.Equal(t, []string{""}, h["X-Auth-Scopes"])
		h = header(question(f.entra.Mint(audience, user("orders.read  openid")...), "GET", "/"))
		require.Equal(t, []string{""}, h["X-Auth-Roles"])
		require.Equal(t, []string{"orders.read openid"}, h["X-Auth-Scopes"])
		for _, r := range []*http.Request{
			question("", "GET", "/open/"), question(f.entra.Mint(audience), "GET", "/open/"),
			question("", "OPTIONS", "/pre/", "Origin", "https://a", "Access-Control-Request-Method", "PUT"),
		} {
			h := header(r)
			for _, name := range []string{"Tenant", "Object-Id", "Client-Id", "Roles", "Scopes", "Claims"} {
				require.Equal(t, []string{""}, h["X-Auth-"+name])
			}
		}
	})
	t.Run("percent-encoded, so that no value has a separator or a line's end", func(t *testing.T) {
		for value, want := range map[string]string{
			"a,b": "a%2Cb", "a b": "a%20b", "a%b": "a%25b", "a\r\nX-Auth-Tenant: b": "a%0D%0AX-Auth-Tenant:%20b", "ä": "%C3%A4", "A-z0.9_~:/@": "A-z0.9_~:/@",
			"\"": "%22", "a;b=c": "a%3Bb%3Dc", "+": "%2B",
		} {
			h := header(question(f.entra.Mint(audience, roles("first", value)), "GET", "/"))
			require.Equal(t, "first,"+want, h.Get("X-Auth-Roles"))
			h = header(question(f.entra.Mint(audience, claim("appid", value)), "GET", "/"))
			require.Equal(t, want, h.Get("X-Auth-Client-Id"))
		}
		h := header(question(f.entra.Mint(audience, user("orders.read a,b ä")...), "GET", "/"))
		require.Equal(t, "orders.read a%2Cb %C3%A4", h.Get("X-Auth-Scopes"))
	})
	t.Run("the claims, if it is to", func(t *testing.T) {
		f := start(t, entraID(), configured(t, "claims: true\n"+head+required))
		w := f.ask(t, question(f.entra.Mint(audience, claim("extra", map[string]any{"a": []int{1}})), "GET", "/"))
		payload, err := base64.RawURLEncoding.Strict().DecodeString(w.Header().Get("X-Auth-Claims"))
		require.NoError(t, err)
		var claims map[string]any
		require.NoError(t, json.Unmarshal(payload, &claims))
		require.Equal(t, object, claims["oid"])
		require.Equal(t, map[string]any{"a": []any{1.0}}, claims["extra"])
		require.Equal(t, []string{""}, f.ask(t, question("", "GET", "/open/")).Header()["X-Auth-Claims"])
	})
	t.Run("nothing at all rather than a part", func(t *testing.T) {
		many := func(n int) edit {
			var names []string
			for range n {
				names = append(names, strings.Repeat("r", 99))
			}
			return roles(names...)
		}
		w := f.ask(t, question(f.entra.Mint(audience, many(78)), "GET", "/"))
		require.Equal(t, http.StatusOK, w.Code)
		require.Len(t, w.Header().Get("X-Auth-Roles"), 78*100-1)
		w = f.ask(t, question(f.entra.Mint(audience, many(82)), "GET", "/"))
		require.Equal(t, http.StatusForbidden, w.Code)
		f.counted(t, "/", "forbidden", "1")
		require.Contains(t, f.log.String(), "larger than 8 KiB")
		of := func(length int) *http.Request {
			return question(f.entra.Mint(audience, roles(strings.Repeat("r", length))), "GET", "/")
		}
		size := 0
		for name, values := range header(of(1)) {
			if strings.HasPrefix(name, "X-Auth-") {
				size += len(name + ": " + values[0] + "\r\n")
			}
		}
		require.Equal(t, http.StatusOK, f.ask(t, of(8<<10-size+1)).Code)
		require.Equal(t, http.StatusForbidden, f.ask(t, of(8<<10-size+2)).Code)
	})
}

// Headers that a caller could send to impersonate the proxy.
func TestCheckRefusesForgedHeaders(t *testing.T) {
	t.Parallel()
	f := start(t, entraID(), configured(t, head+"rules:\n- {path: /, require: [{roles: [reader]}]}\n- {path: /public/, open: true}\n- {path: /get/, methods: [GET], require: [{roles: [reader]}]}\n"))
	good := f.entra.Mint(audience)
	for _, name := range []string{
		"X-Auth-Tenant", "X-Auth-Object-Id", "X-Auth-Client-Id", "X-Auth-Roles", "X-Auth-Scopes", "X-Auth-Claims", "X_auth_roles", "X.auth.roles", "X-Auth_roles", "X_Auth.Object-Id",
	} {
		for _, target := range []string{"/", "/public/"} {
			require.Equal(t, http.StatusForbidden, f.ask(t, question(good, "GET", target, name, "admin")).Code, name)
			require.Equal(t, http.StatusForbidden, f.ask(t, question(good, "GET", target, name, "")).Code, name)
		}
	}
	for _, name := range []string{"X-Http-Method-Override", "X-Http-Method", "X-Method-Override", "X_http_method_override"} {
		require.Equal(t, http.StatusForbidden, f.ask(t, question(good, "GET", "/get/", name, "DELETE")).Code, name)
		require.Equal(t, http.StatusForbidden, f.ask(t, question(good, "GET", "/get/", name, "GET")).Code, name)
		require.Equal(t, http.StatusOK, f.ask(t, question(good, "GET", "/", name, "DELETE")).Code, name)
	}
	f.counted(t, "/get/", "bad_request", "8")
	// Headers of other kinds of proxies are never read.
	for _, pairs := range [][]string{
		{"X-Forwarded-Uri", "/public/"}, {"X-Original-Url", "http://orders.example/public/"}, {"X_original_uri", "/public/"}, {"X-Rewrite-Url", "/public/"},
		{"X-Forwarded-Method", "GET", "X-Forwarded-Host", "other.example", "X-Forwarded-Uri", "/public/"},
	} {
		require.Equal(t, http.StatusUnauthorized, f.ask(t, question("", "GET", "/", pairs...)).Code, pairs)
		require.Equal(t, http.StatusOK, f.ask(t, question(good, "GET", "/", pairs...)).Code, pairs)
	}
	// Each header of the configured proxy must be there exactly once.
	for _, name := range []string{"X-Original-Uri", "X-Original-Method"} {
		require.Equal(t, http.StatusForbidden, f.ask(t, question(good, "GET", "/public/", name, "/public/")).Code, name)
		r := question(good, "GET", "/public/")
		r.Header.Del(name)
		require.Equal(t, http.StatusForbidden, f.ask(t, r).Code, name)
	}
}

func TestCheckPath(t *testing.T) {
	t.Parallel()
	status := func(f *fixture, method, target string) int {
		w := httptest.NewRecorder()
		r := question(f.entra.Mint(audience), "GET", "/")
		r.Method = method
		u, err := r.URL.Parse(target)
		require.NoError(t, err)
		r.URL, r.RequestURI = u, target
		f.ServeHTTP(w, r)
		return w.Code
	}
	t.Run("is one, by every method", func(t *testing.T) {
		t.Parallel()
		f := start(t, entraID(), configured(t, head+"rules:\n- {path: /, require: [{roles: [reader]}]}\n"))
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PROPFIND", "TRACE", "CONNECT"} {
			require.Equal(t, http.StatusOK, status(f, method, "/check"), method)
			require.Equal(t, http.StatusOK, status(f, method, "/check?a=b"), method)
		}
		for _, target := range []string{"/", "/checks", "/check/", "/check/orders", "/Check", "//check", "/x", "/metrics/", "/healthz", "*"} {
			require.Equal(t, http.StatusNotFound, status(f, "GET", target), target)
		}
	})
	t.Run("has that of the request behind it, with envoy", func(t *testing.T) {
		t.Parallel()
		c := configured(t, strings.Replace(head, "nginx", "envoy", 1)+"rules:\n"+
			"- {path: /, methods: [GET], require: [{roles: [reader]}]}\n- {path: /admin/, require: [{roles: [admin]}]}\n- {path: /healthz, require: [{roles: [admin]}]}\n")
		f := start(t, entraID(), c)
		for target, want := range map[string]int{
			"/check/": 200, "/check/orders?x": 200, "/check/admin/": 403, "/check/healthz": 403, "/check/validate": 200, "/check/check": 200, "/check": 403, "/check//": 403,
			"/check/public/../admin/": 403, "/check/Admin": 403, "/checks": 403, "/check*": 403, "/orders": 404, "/": 404,
		} {
			require.Equal(t, want, status(f, "GET", target), target)
		}
		require.Equal(t, http.StatusForbidden, status(f, "POST", "/check/"), "the method is the request's, whatever headers say")
	})
	t.Run("says nothing of the request without a proxy", func(t *testing.T) {
		t.Parallel()
		f := start(t, entraID(), configured(t, strings.Replace(head, "proxy: nginx\n", "", 1)+"rules:\n- {path: /, require: [{roles: [reader]}]}\n"))
		good := f.entra.Mint(audience)
		require.Equal(t, http.StatusOK, f.ask(t, question(good, "GET", "/../#")).Code)
		bare := httptest.NewRequest(http.MethodGet, "/check", nil)
		bare.Header.Set("Authorization", "Bearer "+good)
		require.Equal(t, http.StatusOK, f.ask(t, bare).Code)
		require.Equal(t, http.StatusUnauthorized, f.ask(t, question("", "GET", "/")).Code)
		require.Equal(t, http.StatusForbidden, f.ask(t, question(good, "GET", "/", "X-Auth-Roles", "x")).Code)
		f.counted(t, "/", "allowed", "2")
	})
}

func TestCheckPreflight(t *testing.T) {
	t.Parallel()
	f := start(t, entraID(), configured(t, head+"rules:\n- {path: /, methods: [GET, POST], require: [{roles: [reader]}], preflight: true}\n- {path: /closed/, require: [{roles: [reader]}]}\n"+
		"- {path: /all/, require: [{roles: [reader]}], preflight: true}\n"))
	cors := []string{"Origin", "https://app.example", "Access-Control-Request-Method", "POST"}
	require.Equal(t, http.StatusOK, f.ask(t, question("", "OPTIONS", "/a", cors...)).Code)
	f.counted(t, "/", "open", "1")
	require.Equal(t, http.StatusForbidden, f.ask(t, question("", "OPTIONS", "/a", cors[:2]...)).Code, "no preflight")
	f.counted(t, "none", "no_rule", "1")
	require.Equal(t, http.StatusForbidden, f.ask(t, question("", "OPTIONS", "/a", cors[2:]...)).Code, "no preflight")
	require.Equal(t, http.StatusUnauthorized, f.ask(t, question("", "POST", "/a", cors...)).Code)
	require.Equal(t, http.StatusUnauthorized, f.ask(t, question("", "OPTIONS", "/closed/", cors...)).Code)
	require.Equal(t, http.StatusForbidden, f.ask(t, question("", "OPTIONS", "/closed;/", cors...)).Code)
	require.Equal(t, http.StatusUnauthorized, f.ask(t, question("", "OPTIONS", "/Closed/", cors...)).Code, "its other reading wants a token")
	// No browser sends any of these.
	for _, name := range []string{"X-Http-Method-Override", "X-Http-Method", "X_method_override"} {
		require.Equal(t, http.StatusForbidden, f.ask(t, question("", "OPTIONS", "/a", append(cors, name, "DELETE")...)).Code, name)
		require.Equal(t, http.StatusUnauthorized, f.ask(t, question("", "OPTIONS", "/all/", append(cors, name, "DELETE")...)).Code, name)
	}
}
