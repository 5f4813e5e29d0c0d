package statuspage

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/verify"
)

// serve has h answer a request.
func serve(h http.Handler, method, accept string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "/statusz", nil)
	if accept != "" {
		r.Header.Set("Accept", accept)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func empty() http.Handler { return Handler(Subject{Title: "t"}) }

func TestHandlerAnswers(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		method, accept string
		status         int
		contentType    string
	}{
		"a browser":         {"GET", "text/html", 200, "text/html; charset=utf-8"},
		"a program":         {"GET", "application/json", 200, "application/json"},
		"HEAD":              {"HEAD", "", 200, "text/html; charset=utf-8"},
		"HEAD for JSON":     {"HEAD", "application/json", 200, "application/json"},
		"one without taste": {"GET", "*/*;q=0", 406, "text/plain; charset=utf-8"},
		"POST":              {"POST", "text/html", 405, "text/plain; charset=utf-8"},
		"OPTIONS":           {"OPTIONS", "", 405, "text/plain; charset=utf-8"},
		"a made-up method":  {"get", "", 405, "text/plain; charset=utf-8"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := serve(empty(), tc.method, tc.accept)
			h := w.Result().Header
			require.Equal(t, tc.status, w.Code)
			require.Equal(t, tc.contentType, h.Get("Content-Type"))
			require.Equal(t, []string{"Accept"}, h["Vary"])
			require.Equal(t, []string{"no-store"}, h["Cache-Control"])
			require.Equal(t, []string{"nosniff"}, h["X-Content-Type-Options"])
			require.Regexp(t, `^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}='; frame-ancestors 'none'; base-uri 'none'; form-action 'none'$`, h.Get("Content-Security-Policy"))
			if tc.status == http.StatusMethodNotAllowed {
				require.Equal(t, "GET, HEAD", h.Get("Allow"))
			}
			if tc.method == http.MethodHead {
				require.Zero(t, w.Body.Len())
				got := len(serve(empty(), http.MethodGet, tc.accept).Body.String())
				require.Equal(t, strconv.Itoa(got), h.Get("Content-Length"))
			}
		})
	}
}

// The policy allows the style of the page, and the page has nothing else that the policy would
// stop.
func TestPolicyFitsThePage(t *testing.T) {
	t.Parallel()
	for name, h := range map[string]http.Handler{"empty": empty(), "hostile": hostile()} {
		w := serve(h, http.MethodGet, "text/html")
		text := w.Body.String()
		styles := regexp.MustCompile(`(?s)<style>(.*?)</style>`).FindAllStringSubmatch(text, -1)
		require.Len(t, styles, 1, name)
		sum := sha256.Sum256([]byte(styles[0][1]))
		require.Contains(t, w.Header().Get("Content-Security-Policy"), "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'", name)
		markup := strings.ReplaceAll(text, styles[0][0], "")
		require.NotRegexp(t, `(?i)<(script|img|link|iframe|object|embed|form|base|a)\b`, markup, name)
		require.NotRegexp(t, `(?i)<[^>]+\s(style|on[a-z]+|src|href)\s*=`, markup, name)
	}
}

const attack = "\"'><script>alert(1)</script><img src=x onerror=alert(1)></title></style>{{.}}\u202e\x1b[31m\x00\u2028 javascript:alert(1)"

// hostile is a page whose texts all come from an attacker.
func hostile() http.Handler {
	h := Handler(Subject{}).(*handler)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := h.render(typeHTML, hostileReport())
		if r.Header.Get("Accept") == typeJSON {
			body, err = h.render(typeJSON, hostileReport())
		}
		if err != nil {
			panic(err)
		}
		w.Header().Set("Content-Security-Policy", h.policy)
		_, _ = w.Write(body)
	})
}

func hostileReport() Report {
	bad := token(time.Hour, failed)
	bad.Resource, bad.Tenant, bad.LastError, bad.CAE = attack, attack, attack+strings.Repeat(attack, 500), true
	missing := none()
	missing.Resource, missing.LastError = strings.Repeat("x", 10_000), attack
	client := newClientReport(attack, aztoken.Status{
		Host: attack, Identity: attack, StoreError: attack, Resources: []aztoken.ResourceStatus{bad, missing, {}},
	}, now)
	of := keys(time.Hour, notFetched)
	of.LastError = attack
	all := newKeyReport(verify.Status{LastError: attack, Tenants: map[string]verify.Status{attack: of}}, now)
	return Report{Title: attack, Time: now, Level: Critical, Clients: []ClientReport{client}, Verifier: &all}
}

func TestTextsOfOthers(t *testing.T) {
	t.Parallel()
	text := serve(hostile(), http.MethodGet, "text/html").Body.String()
	for _, raw := range []string{"<script", "<img", "\u202e", "\x1b", "\x00", "\u2028"} {
		require.NotContains(t, text, raw)
	}
	require.Contains(t, text, "&lt;script&gt;alert(1)&lt;/script&gt;")
	require.Contains(t, text, `\u202e\u001b[31m\u0000`)
	require.Less(t, len(text), 40_000, "errors and names of any length are cut")

	body := serve(hostile(), http.MethodGet, typeJSON).Body.Bytes()
	require.NotContains(t, string(body), "<script")
	var r struct {
		Clients []struct{ Resources []struct{ Resource string } }
	}
	require.NoError(t, json.Unmarshal(body, &r))
	require.Equal(t, attack, r.Clients[0].Resources[0].Resource, "a program gets all of it")
}

// virtually runs a test in virtual time, with a client and a verifier of a fake machine.
func virtually(t *testing.T, f func(t *testing.T, imds *imdstest.Server, s Subject)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		imds := imdstest.New(nil)
		opts := aztoken.Options{Endpoint: imds.URL, Getenv: func(string) string { return "" }}
		opts.Transport = imds
		client, err := aztoken.NewClient(&opts)
		require.NoError(t, err)
		defer client.Close()
		verifier := imds.Verifier(t, &verify.Options{Audiences: []string{"https://orders.example.com"}})
		f(t, imds, Subject{
			Title: "orders", Clients: func() []Client { return []Client{{Client: client}} },
			Verifier: func() *verify.Verifier { return verifier },
		})
	})
}

func TestPageOverALife(t *testing.T) {
	virtually(t, func(t *testing.T, imds *imdstest.Server, s Subject) {
		h, client := Handler(s), s.Clients()[0].Client
		page := func() string {
			t.Helper()
			synctest.Wait()
			_, text, _ := strings.Cut(serve(h, http.MethodGet, "").Body.String(), "</head>")
			return strings.ReplaceAll(text, noBreak, " ")
		}
		require.Contains(t, page(), "Nobody has asked for one.")
		for range 2 {
			require.NoError(t, client.Warm(t.Context(), "https://vault.azure.net"))
			require.NoError(t, s.Verifier().Warm(t.Context()))
			time.Sleep(time.Minute) // it is used again, so it is in use
		}
		require.Contains(t, page(), "The token is valid. If Entra ID went down now")
		imds.Break(imdstest.Status(503))
		imds.Issuer().Break(imdstest.Refused())
		time.Sleep(12 * time.Hour)
		text := page()
		require.Contains(t, text, "The token cannot be refreshed at the moment.")
		require.Contains(t, text, "503 Service Unavailable")
		require.Contains(t, text, "The signing keys cannot be fetched at the moment.")
		require.Contains(t, text, "connection refused")
		require.NotContains(t, text, "eyJ")
		time.Sleep(30 * time.Hour)
		require.Contains(t, page(), "no keys")
		require.NoError(t, client.Close())
		require.NoError(t, s.Verifier().Close())
		text = page()
		require.Contains(t, text, "The client is closed: it gives no tokens.")
		require.Contains(t, text, "The verifier is closed: it checks no tokens.")
	})
}

func TestHandlerReadsAnew(t *testing.T) {
	t.Parallel()
	var names []string
	h := Handler(Subject{Clients: func() (all []Client) {
		for _, n := range names {
			all = append(all, Client{Name: n})
		}
		return all
	}})
	require.NotContains(t, serve(h, http.MethodGet, "").Body.String(), "orders")
	names = []string{"orders", "prices"} // as after a reload
	text := serve(h, http.MethodGet, "").Body.String()
	require.Less(t, strings.Index(text, "orders"), strings.Index(text, "prices"))
}

func TestHandlerOverAConnection(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(empty())
	defer server.Close()
	resp, err := http.Head(server.URL)
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Positive(t, resp.ContentLength)
	resp, err = http.Get(server.URL)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.EqualValues(t, resp.ContentLength, len(body))
	require.True(t, bytes.HasPrefix(body, []byte("<!DOCTYPE html>\n")))
}

// brokenWriter is the connection of a client that has disconnected.
type brokenWriter struct{ http.ResponseWriter }

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("gone") }

func TestHandlerOutlivesClients(t *testing.T) {
	t.Parallel()
	empty().ServeHTTP(brokenWriter{httptest.NewRecorder()}, httptest.NewRequest(http.MethodGet, "/", nil))
}
