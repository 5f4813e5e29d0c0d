package verify_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/verify"
)

func TestHandlerBehindAnother(t *testing.T) {
	virtually(t, func(t *testing.T) {
		entra := issue(first().jwk())
		v, other := warm(t, entra), warm(t, entra)
		show := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c, ok := verify.FromContext(r.Context())
			require.True(t, ok)
			require.NotContains(t, r.Header, "Authorization")
			_, _ = io.WriteString(w, c.ObjectID)
		})
		strangers := mint(claim("oid", stranger), claim("sub", stranger))
		setting := func(authorization string, next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				r.Header.Set("Authorization", authorization)
				next.ServeHTTP(w, r)
			})
		}
		for name, tc := range map[string]struct {
			h      http.Handler
			status int
			body   string
		}{
			"of the same verifier":                  {v.Middleware()(v.Handler(show, verify.Role("reader"))), 200, objectID},
			"of the same verifier, three deep":      {v.Handler(v.Handler(v.Handler(show))), 200, objectID},
			"whose requirement is not met":          {v.Middleware()(v.Handler(show, verify.Role("admin"))), 403, "requirement"},
			"of another verifier":                   {other.Middleware()(v.Handler(show)), 401, "required"},
			"with claims of somebody else":          {claiming(v.Handler(show)), 401, "required"},
			"with another token in between":         {v.Handler(setting("Bearer "+strangers, v.Handler(show))), 200, stranger},
			"with a bad token in between":           {v.Handler(setting("Bearer x", v.Handler(show))), 401, "not accepted"},
			"with another scheme set in between":    {v.Handler(setting("Basic x", v.Handler(show))), 401, "required"},
			"with a ServeMux in between":            {v.Handler(mux("GET /orders", v.Handler(show))), 200, objectID},
			"whose outer one has the requirement":   {v.Handler(v.Handler(show), verify.Role("admin")), 403, "requirement"},
			"where the inner one is a closed other": {v.Handler(closed(t, entra).Handler(show)), 401, "required"},
		} {
			w, r := httptest.NewRecorder(), request(mint())
			if name == "with claims of somebody else" {
				r.Header.Del("Authorization")
			}
			tc.h.ServeHTTP(w, r)
			require.Equal(t, tc.status, w.Code, name)
			require.Contains(t, w.Body.String(), tc.body, name)
		}
	})
}

// claiming puts claims into the context, like an interceptor of another protocol.
func claiming(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(verify.NewContext(r.Context(), &verify.Claims{Roles: []string{"admin"}})))
	})
}

func mux(pattern string, h http.Handler) http.Handler {
	m := http.NewServeMux()
	m.Handle(pattern, h)
	return m
}

func closed(t *testing.T, entra *issuer) *verify.Verifier {
	t.Helper()
	v := open(t, entra)
	require.NoError(t, v.Close())
	return v
}

func TestUploadsBehindAHandlerLeaveNoFiles(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"TMPDIR", "TMP"} { // the latter on Windows
		t.Setenv(name, dir)
	}
	entra := issue(first().jwk())
	v := warm(t, entra)
	read := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		require.NoError(t, r.ParseMultipartForm(1<<10))
		left, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Len(t, left, 1, "the upload is in a file")
		if r.URL.Path == "/panic" {
			panic("of the handler")
		}
		w.WriteHeader(http.StatusNoContent)
	})
	recovers := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer func() { _ = recover() }()
			next.ServeHTTP(w, r)
		})
	}
	for name, h := range map[string]http.Handler{"one": v.Handler(read), "two": v.Handler(v.Handler(read)), "a middleware": v.Middleware()(mux("POST /", read))} {
		server := httptest.NewServer(recovers(h))
		for _, path := range []string{"/", "/panic"} {
			var body bytes.Buffer
			form := multipart.NewWriter(&body)
			file, err := form.CreateFormFile("file", "large")
			require.NoError(t, err)
			_, _ = file.Write(make([]byte, 1<<16))
			require.NoError(t, form.Close())
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+path, &body)
			require.NoError(t, err)
			r.Header.Set("Content-Type", form.FormDataContentType())
			r.Header.Set("Authorization", "Bearer "+mint())
			if resp, err := server.Client().Do(r); err == nil {
				require.NoError(t, resp.Body.Close())
			}
		}
		server.Close() // waits for the requests
		left, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Empty(t, left, name)
	}
}

func TestRequirement(t *testing.T) {
	t.Parallel()
	user := all(claim("idtyp", nil), claim("sub", "pairwise"), claim("scp", "orders.read orders.write"))
	outage := errors.New("the directory is down")
	for name, tc := range map[string]struct {
		token  change
		req    verify.Requirement
		status int
		want   error
		says   string
	}{
		"Scope that the token has":                {token: user, req: verify.Scope("orders.read"), status: 200},
		"Scope that it has not":                   {token: user, req: verify.Scope("orders.delete"), status: 403, want: verify.ErrScope, says: `found "orders.read" or "orders.write" in the token of`},
		"Scope in another case":                   {token: user, req: verify.Scope("Orders.Read"), status: 403, want: verify.ErrScope, says: "Orders.Read"},
		"Scope of no name":                        {token: user, req: verify.Scope(""), status: 403, want: verify.ErrScope, says: "orders"},
		"Scope, of an application":                {token: claim("x", 1), req: verify.Scope("orders.read"), status: 403, want: verify.ErrScope, says: "no scope"},
		"Scope that is a role":                    {token: claim("x", 1), req: verify.Scope("reader"), status: 403, want: verify.ErrScope, says: "no scope"},
		"AnyScope":                                {token: user, req: verify.AnyScope("orders.delete", "orders.write"), status: 200},
		"AnyScope of none":                        {token: user, req: verify.AnyScope(), status: 403, want: verify.ErrScope, says: "orders"},
		"AppOnly without idtyp":                   {token: claim("idtyp", nil), req: verify.AppOnly(), status: 200},
		"AppOnly without idtyp, version 2":        {token: all(version2, claim("idtyp", nil)), req: verify.AppOnly(), status: 200},
		"AppOnly without idtyp, with scopes":      {token: all(claim("idtyp", nil), claim("scp", "x")), req: verify.AppOnly(), status: 403, want: verify.ErrCaller, says: "scopes"},
		"AppOnly without idtyp, a pairwise sub":   {token: all(claim("idtyp", nil), claim("sub", "pairwise")), req: verify.AppOnly(), status: 403, want: verify.ErrCaller, says: "add the optional claim idtyp"},
		"AppOnly without idtyp, no sub":           {token: all(claim("idtyp", nil), claim("sub", nil)), req: verify.AppOnly(), status: 403, want: verify.ErrCaller, says: "without idtyp"},
		"AppOnly with idtyp user, sub is oid":     {token: claim("idtyp", "user"), req: verify.AppOnly(), status: 403, want: verify.ErrCaller, says: "idtyp is not app"},
		"AppOnly with a blank idtyp, sub is oid":  {token: claim("idtyp", ""), req: verify.AppOnly(), status: 403, want: verify.ErrCaller, says: "idtyp is not app"},
		"AppOnly with idtyp app, a pairwise sub":  {token: claim("sub", "pairwise"), req: verify.AppOnly(), status: 200},
		"Caller by client id without idtyp":       {token: claim("idtyp", nil), req: verify.Caller(clientID), status: 200},
		"Caller by client id of a user":           {token: user, req: verify.Caller(clientID), status: 403, want: verify.ErrCaller, says: "a user's token with scopes of object id"},
		"nil":                                     {token: claim("x", 1), req: nil, status: 403, says: "a nil Requirement"},
		"that returns a nil *Error":               {token: claim("x", 1), req: func(*verify.Claims) error { return (*verify.Error)(nil) }, status: 403, says: "a nil *verify.Error"},
		"that returns a nil of another type":      {token: claim("x", 1), req: func(*verify.Claims) error { return (*os.PathError)(nil) }, status: 503, want: verify.ErrUnavailable, says: "panic"},
		"that panics":                             {token: claim("x", 1), req: func(*verify.Claims) error { panic("boom") }, status: 503, want: verify.ErrUnavailable, says: "panic: boom"},
		"that cannot decide":                      {token: claim("x", 1), req: func(*verify.Claims) error { return fmt.Errorf("%w: %w", verify.ErrUnavailable, outage) }, status: 503, want: outage, says: "directory is down"},
		"that has no keys of its own":             {token: claim("x", 1), req: func(*verify.Claims) error { return fmt.Errorf("other: %w", verify.ErrKeysUnavailable) }, status: 503, want: verify.ErrUnavailable, says: "other"},
		"that refuses":                            {token: claim("x", 1), req: func(*verify.Claims) error { return outage }, status: 403, want: outage, says: "directory is down"},
		"that refuses with a sentinel of a token": {token: claim("x", 1), req: func(*verify.Claims) error { return fmt.Errorf("x: %w", verify.ErrExpired) }, status: 403, want: verify.ErrExpired, says: "x: expired"},
	} {
		t.Run(name, func(t *testing.T) {
			virtually(t, func(t *testing.T) {
				events := &journal{}
				v := warm(t, issue(first().jwk()), events.listen)
				h := v.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), tc.req)
				w := httptest.NewRecorder()
				require.NotPanics(t, func() { h.ServeHTTP(w, request(mint(tc.token))) })
				require.Equal(t, tc.status, w.Code)
				if tc.status == 200 {
					return
				}
				if tc.status == 503 {
					require.Equal(t, "1", w.Header().Get("Retry-After"))
					require.Empty(t, w.Header().Get("WWW-Authenticate"))
				}
				require.Len(t, events.of(verify.EventRejected), 1)
				err := events.of(verify.EventRejected)[0].Err
				var e *verify.Error
				require.ErrorAs(t, err, &e)
				require.Equal(t, tc.status, e.StatusCode())
				require.ErrorContains(t, err, tc.says)
				if tc.want != nil {
					require.ErrorIs(t, err, tc.want)
				}
			})
		})
	}
	t.Run("is not met by no claims", func(t *testing.T) {
		t.Parallel()
		for _, req := range []verify.Requirement{verify.Role("a"), verify.Scope("a"), verify.Caller("a"), verify.AppOnly()} {
			require.Error(t, req(nil))
			require.Error(t, req(&verify.Claims{}))
		}
		require.False(t, (*verify.Claims)(nil).HasRole("a"))
		require.False(t, (*verify.Claims)(nil).HasScope("a"))
	})
}

func TestErrorHandler(t *testing.T) {
	virtually(t, func(t *testing.T) {
		entra := issue(first().jwk())
		v := open(t, entra, func(o *verify.Options) {
			o.ErrorHandler = func(w http.ResponseWriter, r *http.Request, e *verify.Error) {
				w.Header().Set("Content-Type", "application/problem+json")
				w.WriteHeader(e.StatusCode())
				_ = json.NewEncoder(w).Encode(map[string]any{"path": r.URL.Path, "closed": errors.Is(e, verify.ErrClosed)})
			}
		})
		ask := func(authorization string, reqs ...verify.Requirement) *httptest.ResponseRecorder {
			w, r := httptest.NewRecorder(), request("")
			r.Header.Set("Authorization", authorization)
			v.Handler(forbidden(t), reqs...).ServeHTTP(w, r)
			require.Equal(t, "application/problem+json", w.Header().Get("Content-Type"))
			require.Contains(t, w.Body.String(), `"path":"/orders"`)
			return w
		}
		for authorization, status := range map[string]int{"": 401, "Bearer": 400, "Bearer x": 401, "Bearer " + mint(claim("aud", "x")): 401, "Bearer " + mint(claim("roles", nil)): 403} {
			w := ask(authorization)
			require.Equal(t, status, w.Code, authorization)
			require.Contains(t, w.Header().Get("WWW-Authenticate"), "Bearer ")
		}
		require.Equal(t, 403, ask("Bearer "+mint(), verify.Role("admin")).Code)
		entra.fail(refuses)
		require.Equal(t, 503, ask("Bearer "+unsigned("unknown")).Code)
		require.NoError(t, v.Close())
		w := ask("Bearer " + mint())
		require.Equal(t, 503, w.Code)
		require.Equal(t, "1", w.Header().Get("Retry-After"))
		require.Contains(t, w.Body.String(), `"closed":true`)
	})
}

func TestChallenge(t *testing.T) {
	t.Parallel()
	const meta = "https://orders.example.com/.well-known/oauth-protected-resource"
	for name, tc := range map[string]struct {
		realm, metadata string
		bare, invalid   string
	}{
		"without options":         {"", "", `Bearer realm="api"`, `Bearer error="invalid_token", error_description="the token is not accepted"`},
		"with a realm":            {"orders", "", `Bearer realm="orders"`, `Bearer realm="orders", error="invalid_token", error_description="the token is not accepted"`},
		"with a realm to quote":   {`a"b\c`, "", `Bearer realm="a\"b\\c"`, `Bearer realm="a\"b\\c", error="invalid_token", error_description="the token is not accepted"`},
		"with resource metadata":  {"", meta, `Bearer resource_metadata="` + meta + `"`, `Bearer resource_metadata="` + meta + `", error="invalid_token", error_description="the token is not accepted"`},
		"with both":               {"orders", meta, `Bearer realm="orders", resource_metadata="` + meta + `"`, `Bearer realm="orders", resource_metadata="` + meta + `", error="invalid_token", error_description="the token is not accepted"`},
		"with a quote in the URL": {"", "https://orders.example.com/a\"b", `Bearer resource_metadata="https://orders.example.com/a%22b"`, `Bearer resource_metadata="https://orders.example.com/a%22b", error="invalid_token", error_description="the token is not accepted"`},
	} {
		t.Run(name, func(t *testing.T) {
			virtually(t, func(t *testing.T) {
				v := warm(t, issue(first().jwk()), func(o *verify.Options) { o.Realm, o.ResourceMetadata = tc.realm, tc.metadata })
				r := httptest.NewRequest(http.MethodGet, "/", nil)
				require.Equal(t, tc.bare, answered(t, v.Handler(forbidden(t)), r).Header.Get("WWW-Authenticate"))
				require.Equal(t, tc.invalid, answered(t, v.Handler(forbidden(t)), request(mint(claim("aud", "x")))).Header.Get("WWW-Authenticate"))

				// The same with custom middleware.
				_, err := verify.BearerToken(r)
				require.Equal(t, tc.bare, v.Refusal(err).Challenge())
				_, err = v.Authorize(t.Context(), mint(claim("aud", "x")))
				var e *verify.Error
				require.ErrorAs(t, err, &e)
				require.Equal(t, tc.invalid, e.Challenge())
				require.Equal(t, 401, e.StatusCode())
				_, err = v.Authorize(t.Context(), mint(), verify.Role("admin"))
				require.ErrorAs(t, err, &e)
				require.Contains(t, e.Challenge(), `error="insufficient_scope"`)
				require.Equal(t, 403, e.StatusCode())
				require.Nil(t, v.Refusal(nil))
			})
		})
	}
	t.Run("says the same of every token that is refused", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			v := warm(t, issue(first().jwk()))
			for _, token := range []string{"x", mint(claim("aud", "x")), mint(expires(-time.Hour)), mint(of(otherTenant)), mint(claim("cnf", 1)), mint(claim("nonce", "x")), unsigned("unknown"), mint(func(j *jwt) { j.key = second() })} {
				resp := answered(t, v.Handler(forbidden(t)), request(token))
				require.Equal(t, 401, resp.StatusCode)
				require.Equal(t, `Bearer error="invalid_token", error_description="the token is not accepted"`, resp.Header.Get("WWW-Authenticate"))
			}
		})
	})
	t.Run("of no keys is none", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			_, err := open(t, down()).Verify(t.Context(), mint())
			var e *verify.Error
			require.ErrorAs(t, err, &e)
			require.Empty(t, e.Challenge())
			require.Equal(t, 503, e.StatusCode())
			require.ErrorIs(t, err, verify.ErrUnavailable)
			require.ErrorIs(t, err, verify.ErrKeysUnavailable)
		})
	})
	t.Run("of a nil Error does not panic", func(t *testing.T) {
		t.Parallel()
		var e *verify.Error
		require.Equal(t, 403, e.StatusCode())
		require.NotEmpty(t, e.Challenge())
		require.NotEmpty(t, e.Error())
		require.Empty(t, e.Unwrap())
	})
}

func TestBearerToken(t *testing.T) {
	t.Parallel()
	for header, tc := range map[string]struct {
		token  string
		status int
		want   error
	}{
		"Bearer a.b.c": {"a.b.c", 0, nil}, "bearer  a": {"a", 0, nil}, "BEARER a": {"a", 0, nil},
		"": {"", 401, verify.ErrNoToken}, "Basic x": {"", 401, verify.ErrNoToken}, "a.b.c": {"", 401, verify.ErrNoToken},
		"Bearer": {"", 400, verify.ErrMalformed}, "Bearer ": {"", 400, verify.ErrMalformed}, "Bearer a b": {"", 400, verify.ErrMalformed}, "Bearer a,b": {"", 400, verify.ErrMalformed},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Authorization", header)
		token, err := verify.BearerToken(r)
		require.Equal(t, tc.token, token, header)
		if tc.want == nil {
			require.NoError(t, err)
			continue
		}
		require.ErrorIs(t, err, tc.want, header)
		var e *verify.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, tc.status, e.StatusCode(), header)
		require.NotEmpty(t, e.Advice)
	}
	_, err := verify.BearerToken(nil)
	require.ErrorIs(t, err, verify.ErrNoToken)
}

func TestTokenFromContext(t *testing.T) {
	virtually(t, func(t *testing.T) {
		v := warm(t, issue(first().jwk()))
		token, reached := mint(), false
		v.Handler(v.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			reached = true
			got, ok := verify.TokenFromContext(r.Context())
			require.True(t, ok)
			require.Equal(t, token, got)
			for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
				require.NotContains(t, fmt.Sprintf(verb, r.Context()), strings.Split(token, ".")[2])
			}
		}))).ServeHTTP(httptest.NewRecorder(), request(token))
		require.True(t, reached)
		_, ok := verify.TokenFromContext(context.Background())
		require.False(t, ok)
	})
}

func TestMisuse(t *testing.T) {
	t.Parallel()
	for name, v := range map[string]*verify.Verifier{"nil": nil, "zero": {}} {
		_, err := v.Verify(t.Context(), "x")
		require.ErrorContains(t, err, "verify.New", name)
		_, err = v.Authorize(t.Context(), "x")
		require.ErrorContains(t, err, "verify.New", name)
		require.ErrorContains(t, v.Warm(t.Context()), "verify.New", name)
		require.NoError(t, v.Close(), name)
		require.Zero(t, v.Status(), name)
		v.Forget()
		w := httptest.NewRecorder()
		v.Handler(forbidden(t)).ServeHTTP(w, request("x"))
		require.Equal(t, 503, w.Code, name)
	}
	v := open(t, down())
	w := httptest.NewRecorder()
	v.Handler(nil).ServeHTTP(w, request("x"))
	require.Equal(t, 500, w.Code)
	//lint:ignore SA1012 a nil context is a mistake that is seen often
	_, err := v.Verify(nil, mint())
	require.ErrorIs(t, err, verify.ErrKeysUnavailable)
}
