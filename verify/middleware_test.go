package verify_test

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/verify"
)

// request is one with a bearer token.
func request(token string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/orders", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	return r
}

// forbidden is a handler that nobody is to get to.
func forbidden(t *testing.T) http.Handler {
	return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { require.Fail(t, "the request was let through") })
}

// answered is what a handler answers, of which no line has the token or what an attacker has
// written.
func answered(t *testing.T, h http.Handler, r *http.Request) *http.Response {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	resp := w.Result()
	for _, secret := range append(strings.FieldsFunc(strings.Join(r.Header["Authorization"], "."), func(c rune) bool { return c == '.' || c == ' ' }), "attacker", "<script>", objectID, clientID, tenant) {
		if len(secret) < 8 {
			continue
		}
		require.NotContains(t, w.Body.String(), secret)
		for name, values := range resp.Header {
			require.NotContains(t, strings.Join(values, " "), secret, name)
		}
	}
	return resp
}

func TestARequestIsAnsweredByWhatIsWrongWithItsToken(t *testing.T) {
	t.Parallel()
	// A caller is not told which check failed.
	const (
		bare      = `Bearer realm="api"`
		invalid   = `Bearer error="invalid_token", error_description="the token is not accepted"`
		malformed = `Bearer error="invalid_request", error_description="the Authorization header is not Bearer and one token"`
		lacking   = `Bearer error="insufficient_scope", error_description="a requirement of this route is not met"`
	)
	one := func(value string) func() []string { return func() []string { return []string{value} } }
	bearer := func(changes ...change) func() []string {
		return func() []string { return []string{"Bearer " + mint(changes...)} }
	}
	for name, tc := range map[string]struct {
		headers   func() []string
		status    int
		challenge string
	}{
		"no token":              {func() []string { return nil }, 401, bare},
		"an empty header":       {one(""), 401, bare},
		"Basic":                 {one("Basic YXR0YWNrZXI6YXR0YWNrZXI="), 401, bare},
		"Negotiate":             {one("Negotiate"), 401, bare},
		"a bare token":          {func() []string { return []string{mint()} }, 401, bare},
		"Bearer alone":          {one("Bearer"), 400, malformed},
		"Bearer and a space":    {one("Bearer "), 400, malformed},
		"a space after":         {func() []string { return []string{"Bearer " + mint() + " "} }, 400, malformed},
		"two tokens":            {func() []string { return []string{"Bearer " + mint() + " " + mint()} }, 400, malformed},
		"two in a list":         {func() []string { return []string{"Bearer " + mint() + ", Bearer " + mint()} }, 400, malformed},
		"a list":                {func() []string { return []string{"Bearer " + mint() + ",attacker"} }, 400, malformed},
		"two headers":           {func() []string { return []string{"Bearer " + mint(), "Bearer " + mint()} }, 400, malformed},
		"the same header twice": {func() []string { token := mint(); return []string{"Bearer " + token, "Bearer " + token} }, 400, malformed},
		"Basic and Bearer":      {func() []string { return []string{"Basic YXR0YWNrZXI6YXR0YWNrZXI=", "Bearer " + mint()} }, 400, malformed},
		"Bearer and nothing":    {func() []string { return []string{"Bearer " + mint(), ""} }, 400, malformed},
		"no token at all":       {one("Bearer <script>attacker</script>"), 401, invalid},
		"a quote":               {one(`Bearer attacker"attacker\"`), 401, invalid},
		"too long":              {one("Bearer " + strings.Repeat("attacker", 4000)), 401, invalid},
		"alg none":              {bearer(head("alg", "none")), 401, invalid},
		"for a Microsoft API":   {bearer(head("nonce", "attacker")), 401, invalid},
		"an unknown key":        {func() []string { return []string{"Bearer " + unsigned("attacker")} }, 401, invalid},
		"a bad signature":       {bearer(func(j *jwt) { j.key = second() }), 401, invalid},
		"somebody's issuer":     {bearer(claim("iss", `https://attacker.example/"`)), 401, invalid},
		"another tenant":        {bearer(of(otherTenant)), 401, invalid},
		"another audience":      {bearer(claim("aud", "https://attacker.example")), 401, invalid},
		"expired":               {bearer(expires(-time.Hour)), 401, invalid},
		"not yet valid":         {bearer(begins(time.Hour)), 401, invalid},
		"an ID token":           {bearer(claim("nonce", "x")), 401, invalid},
		"a bound token":         {bearer(claim("cnf", "x")), 401, invalid},
		"another caller":        {bearer(claim("oid", stranger)), 403, lacking},
		"no role at all":        {bearer(claim("roles", nil)), 403, lacking},
		"not the role":          {bearer(claim("roles", []string{"attacker"})), 403, lacking},
	} {
		t.Run(name, func(t *testing.T) {
			virtually(t, func(t *testing.T) {
				v := warm(t, issue(first().jwk(map[string]any{"issuer": nil})), callers(objectID))
				r := httptest.NewRequest(http.MethodGet, "/orders", nil)
				r.Header["Authorization"] = tc.headers()
				resp := answered(t, v.Handler(forbidden(t), verify.Role("reader")), r)
				require.Equal(t, tc.status, resp.StatusCode)
				require.Equal(t, []string{tc.challenge}, resp.Header["Www-Authenticate"])
				require.Empty(t, resp.Header.Get("Retry-After"))
			})
		})
	}
}

func TestAGoodTokenLetsARequestThroughWithItsClaimsAndWithoutItsHeader(t *testing.T) {
	t.Parallel()
	for _, scheme := range []string{"Bearer", "bearer", "BEARER"} {
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodDelete, http.MethodOptions, http.MethodTrace, http.MethodConnect, "PURGE"} {
			t.Run(scheme+" "+method, func(t *testing.T) {
				virtually(t, func(t *testing.T) {
					v := warm(t, issue(first().jwk()))
					reached := 0
					h := v.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						reached++
						require.NotContains(t, r.Header, "Authorization")
						require.Equal(t, "kept", r.Header.Get("X-Other"))
						c, ok := verify.FromContext(r.Context())
						require.True(t, ok)
						require.Equal(t, objectID, c.ObjectID)
						body, err := io.ReadAll(r.Body)
						require.NoError(t, err)
						require.Equal(t, "the body", string(body))
						w.WriteHeader(http.StatusNoContent)
					}))
					r := httptest.NewRequest(method, "/orders", strings.NewReader("the body"))
					r.Header.Set("Authorization", scheme+" "+mint())
					r.Header.Set("X-Other", "kept")
					require.Equal(t, http.StatusNoContent, answered(t, h, r).StatusCode)
					require.Equal(t, 1, reached)
					require.NotEmpty(t, r.Header.Get("Authorization"), "the request of those in front is theirs")

					r = httptest.NewRequest(method, "/orders", nil)
					require.Equal(t, http.StatusUnauthorized, answered(t, h, r).StatusCode)
					require.Equal(t, 1, reached)
				})
			})
		}
	}
}

func TestATokenElsewhereThanInTheHeaderDoesNotCount(t *testing.T) {
	virtually(t, func(t *testing.T) {
		v := warm(t, issue(first().jwk()))
		r := httptest.NewRequest(http.MethodPost, "/orders?access_token="+mint(), strings.NewReader("access_token="+mint()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Proxy-Authorization", "Bearer "+mint())
		r.AddCookie(&http.Cookie{Name: "access_token", Value: mint()})
		require.Equal(t, http.StatusUnauthorized, answered(t, v.Handler(forbidden(t)), r).StatusCode)
	})
}

func TestARouteWantsWhatItsRequirementsSay(t *testing.T) {
	t.Parallel()
	own := errors.New("attacker: only on Mondays")
	no := func(*verify.Claims) error { return own }
	yes := func(*verify.Claims) error { return nil }
	user := all(claim("idtyp", nil), claim("scp", "orders.read"))
	for name, tc := range map[string]struct {
		token  change
		reqs   []verify.Requirement
		status int
		want   error // that OnEvent is told
		says   string
	}{
		"nothing":                       {status: 200},
		"the role":                      {reqs: []verify.Requirement{verify.Role("reader")}, status: 200},
		"another role":                  {reqs: []verify.Requirement{verify.Role("admin")}, status: 403, want: verify.ErrRole, says: `found "reader"`},
		"the role in another case":      {reqs: []verify.Requirement{verify.Role("Reader")}, status: 403, want: verify.ErrRole, says: `wanted "Reader"`},
		"a role of no name":             {token: claim("roles", []string{""}), reqs: []verify.Requirement{verify.Role("")}, status: 403, want: verify.ErrRole, says: objectID},
		"one of the roles":              {reqs: []verify.Requirement{verify.AnyRole("admin", "reader")}, status: 200},
		"none of the roles":             {reqs: []verify.Requirement{verify.AnyRole("admin", "writer")}, status: 403, want: verify.ErrRole, says: `"admin" or "writer"`},
		"any of no roles":               {reqs: []verify.Requirement{verify.AnyRole()}, status: 403, want: verify.ErrRole, says: "reader"},
		"a scope for a role":            {token: all(user, claim("roles", nil)), reqs: []verify.Requirement{verify.Role("orders.read")}, status: 403, want: verify.ErrRole, says: "no role"},
		"the client":                    {reqs: []verify.Requirement{verify.Caller(stranger, clientID)}, status: 200},
		"the client in upper case":      {reqs: []verify.Requirement{verify.Caller(strings.ToUpper(clientID))}, status: 200},
		"the object":                    {reqs: []verify.Requirement{verify.Caller(objectID)}, status: 200},
		"another client":                {reqs: []verify.Requirement{verify.Caller(stranger)}, status: 403, want: verify.ErrCaller, says: clientID},
		"none of the clients":           {reqs: []verify.Requirement{verify.Caller()}, status: 403, want: verify.ErrCaller, says: objectID},
		"a caller of no name":           {reqs: []verify.Requirement{verify.Caller("")}, status: 403, want: verify.ErrCaller, says: "object id"},
		"a user's client":               {token: user, reqs: []verify.Requirement{verify.Caller(clientID)}, status: 403, want: verify.ErrCaller, says: clientID},
		"a user":                        {token: user, reqs: []verify.Requirement{verify.Caller(objectID)}, status: 200},
		"an application":                {reqs: []verify.Requirement{verify.AppOnly()}, status: 200},
		"an application, not a user":    {token: user, reqs: []verify.Requirement{verify.AppOnly()}, status: 403, want: verify.ErrCaller, says: "a user's token with scopes"},
		"all":                           {reqs: []verify.Requirement{verify.Role("reader"), verify.AppOnly(), verify.Caller(clientID), yes}, status: 200},
		"all but the last":              {reqs: []verify.Requirement{verify.Role("reader"), verify.AppOnly(), no}, status: 403, want: own, says: "Mondays"},
		"all but the first":             {reqs: []verify.Requirement{no, verify.Role("reader")}, status: 403, want: own, says: "Mondays"},
		"an error that is made by hand": {reqs: []verify.Requirement{func(*verify.Claims) error { return &verify.Error{Found: "attacker"} }}, status: 403, says: "attacker"},
	} {
		t.Run(name, func(t *testing.T) {
			virtually(t, func(t *testing.T) {
				events := &journal{}
				v := warm(t, issue(first().jwk()), events.listen)
				reached := false
				h := v.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }), tc.reqs...)
				change := tc.token
				if change == nil {
					change = func(*jwt) {}
				}
				var resp *http.Response
				require.NotPanics(t, func() { resp = answered(t, h, request(mint(change))) })
				require.Equal(t, tc.status, resp.StatusCode)
				require.Equal(t, tc.status == 200, reached)
				if tc.status == 200 {
					require.Empty(t, events.of(verify.EventRejected))
					return
				}
				require.Contains(t, resp.Header.Get("WWW-Authenticate"), `Bearer error="insufficient_scope"`)
				rejected := events.of(verify.EventRejected)
				require.Len(t, rejected, 1)
				if tc.want != nil {
					require.ErrorIs(t, rejected[0].Err, tc.want)
				}
				require.Contains(t, rejected[0].Err.Error(), tc.says)
			})
		})
	}
}

func TestAClosedVerifierAnswers503(t *testing.T) {
	virtually(t, func(t *testing.T) {
		v := warm(t, issue(first().jwk()))
		require.NoError(t, v.Close())
		resp := answered(t, v.Handler(forbidden(t)), request(mint()))
		require.Equal(t, http.StatusServiceUnavailable, resp.StatusCode)
		require.Equal(t, "1", resp.Header.Get("Retry-After"))
	})
}

func TestRetryAfterIsTheTimeToTheNextFetch(t *testing.T) {
	virtually(t, func(t *testing.T) {
		v := open(t, down())
		time.Sleep(time.Hour)
		reject(t, v, mint(), verify.ErrKeysUnavailable)
		time.Sleep(20 * time.Minute)
		var e *verify.Error
		require.ErrorAs(t, reject(t, v, mint(), verify.ErrKeysUnavailable), &e)
		resp := answered(t, v.Handler(forbidden(t)), request(mint()))
		require.Equal(t, http.StatusServiceUnavailable, resp.StatusCode)
		wait, err := time.ParseDuration(resp.Header.Get("Retry-After") + "s")
		require.NoError(t, err)
		require.GreaterOrEqual(t, wait, e.RetryAfter)
		require.Less(t, wait, e.RetryAfter+time.Second)
		require.LessOrEqual(t, wait, time.Minute)
	})
}

func TestHandlersWorkBehindAndInFrontOfAServeMux(t *testing.T) {
	virtually(t, func(t *testing.T) {
		v := warm(t, issue(first().jwk()))
		show := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c, ok := verify.FromContext(r.Context())
			require.True(t, ok)
			_, _ = io.WriteString(w, r.Pattern+" "+r.PathValue("id")+" "+c.Roles[0])
		})
		mux := http.NewServeMux()
		mux.Handle("GET /orders/{id}", v.Handler(show, verify.Role("reader")))
		mux.Handle("DELETE /orders/{id}", v.Handler(show, verify.Role("admin")))
		get := func(method, path string, h http.Handler) (int, string) {
			w, r := httptest.NewRecorder(), request(mint())
			r.Method, r.URL.Path = method, path
			h.ServeHTTP(w, r)
			return w.Code, w.Body.String()
		}
		status, text := get("GET", "/orders/17", mux)
		require.Equal(t, 200, status)
		require.Equal(t, "GET /orders/{id} 17 reader", text)
		status, _ = get("DELETE", "/orders/17", mux)
		require.Equal(t, 403, status)
		status, _ = get("GET", "/elsewhere", mux)
		require.Equal(t, 404, status)

		inner := http.NewServeMux()
		inner.Handle("GET /orders/{id}", show)
		status, text = get("GET", "/orders/18", v.Handler(inner))
		require.Equal(t, 200, status)
		require.Equal(t, "GET /orders/{id} 18 reader", text)
	})
}

func TestAContextWithoutAHandlerHasNoClaims(t *testing.T) {
	t.Parallel()
	c, ok := verify.FromContext(t.Context())
	require.False(t, ok)
	require.Nil(t, c)
}

func TestTheLogHasALineForEachRejectionAndNoToken(t *testing.T) {
	virtually(t, func(t *testing.T) {
		var log bytes.Buffer
		entra := issue(first().jwk())
		v := warm(t, entra, func(o *verify.Options) {
			o.Logger = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		})
		tokens := []string{mint(), mint(claim("aud", "https://attacker.example\n\"")), mint(head("alg", "none")), unsigned("unknown")}
		for _, token := range tokens {
			_, _ = v.Verify(t.Context(), token)
		}
		entra.fail(refuses)
		time.Sleep(2 * time.Hour)
		require.NoError(t, v.Close())
		require.Contains(t, log.String(), "keys fetched")
		require.Contains(t, log.String(), "connection refused")
		require.Contains(t, log.String(), "attacker.example")
		require.Equal(t, 3, strings.Count(log.String(), "token not accepted"))
		for _, token := range tokens {
			for part := range strings.SplitSeq(token, ".") {
				require.NotContains(t, log.String(), part)
			}
		}
	})
}

func TestSeveralSpacesMayStandBeforeTheToken(t *testing.T) {
	virtually(t, func(t *testing.T) {
		v := warm(t, issue(first().jwk()))
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Authorization", "bearer   "+mint()) // RFC 6750: "Bearer" 1*SP b64token
		w := httptest.NewRecorder()
		v.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(w, r)
		require.Equal(t, http.StatusOK, w.Code)
	})
}
