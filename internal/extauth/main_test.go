package extauth_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/VictoriaMetrics/metrics"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/internal/extauth"
	"github.com/seed-ac726066/aztoken/internal/lockedbuffer"
	"github.com/seed-ac726066/aztoken/internal/virtualtime"
)

const (
	audience = "https://orders.example.com"
	caller   = "c0000000-0000-4000-8000-00000000000a"
	object   = "0b000000-0000-4000-8000-00000000000a"
	other    = "0b000000-0000-4000-8000-00000000000b"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// virtually runs a test in virtual time.
var virtually = virtualtime.Test

// fixture is a guard of a fake Entra ID, without a socket.
type fixture struct {
	*extauth.Guard
	entra *imdstest.Server
	set   *metrics.Set
	log   *lockedbuffer.Buffer
}

func entraID() *imdstest.Server {
	return imdstest.New(&imdstest.Options{Identities: []imdstest.Identity{{
		ClientID: caller, ObjectID: object, Roles: map[string][]string{audience: {"reader"}},
	}}})
}

// configured returns the configuration of a file with head and text, which replaces lines of head.
func configured(t testing.TB, text string) extauth.Config {
	t.Helper()
	c, err := read(t, "authority: https://imds.test\n"+text)
	require.NoError(t, err)
	return c
}

// start returns a guard with the keys, which is closed at the end of the test. It must not have
// shown a token.
func start(t testing.TB, entra *imdstest.Server, c extauth.Config) *fixture {
	t.Helper()
	f := &fixture{entra: entra, set: metrics.NewSet(), log: new(lockedbuffer.Buffer)}
	var err error
	f.Guard, err = extauth.New(c, extauth.Options{
		HTTPClient: entra.Client(), Metrics: f.set, Logger: slog.New(slog.NewTextHandler(f.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	require.NoError(t, err)
	t.Cleanup(func() {
		f.Close()
		require.NotContains(t, f.log.String(), "eyJ")
		require.NotContains(t, f.metrics(), "eyJ")
	})
	return f
}

func (f *fixture) metrics() string {
	var b bytes.Buffer
	f.set.WritePrometheus(&b)
	return b.String()
}

// question is what nginx asks about a request; further headers as pairs. An empty name of the token
// is none.
func question(token, method, target string, pairs ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/check", nil)
	r.Host = "orders.example"
	r.Header.Set("X-Original-Method", method)
	r.Header.Set("X-Original-URI", target)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(pairs); i += 2 {
		r.Header[pairs[i]] = append(r.Header[pairs[i]], pairs[i+1])
	}
	return r
}

// ask returns the answer to a question. It checks what is true of every answer to a proxy.
func (f *fixture) ask(t testing.TB, r *http.Request) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	h := w.Header()
	require.Contains(t, []int{200, 401, 403, 503}, w.Code)
	require.Equal(t, "no-store", h.Get("Cache-Control"))
	require.Empty(t, h["Location"])
	require.Less(t, w.Body.Len(), 200)
	require.Equal(t, w.Code == 401 || w.Code == 403, h.Get("WWW-Authenticate") != "", "%d: %v", w.Code, h)
	require.Equal(t, w.Code == 503, h.Get("Retry-After") != "")
	require.Equal(t, map[bool]string{false: "text/plain; charset=utf-8"}[w.Code == 200], h.Get("Content-Type"))
	require.Equal(t, map[bool]string{false: "nosniff"}[w.Code == 200], h.Get("X-Content-Type-Options"))
	for _, name := range []string{"Tenant", "Object-Id", "Client-Id", "Roles", "Scopes", "Claims"} {
		require.Len(t, h["X-Auth-"+name], map[bool]int{true: 1}[w.Code == 200], name)
	}
	for name := range h {
		require.False(t, strings.HasPrefix(name, "Access-Control-"), name)
	}
	return w
}

// result returns the count of checks of a rule with a result.
func (f *fixture) counted(t testing.TB, rule, result, count string) {
	t.Helper()
	require.Contains(t, f.metrics(), `aztoken_guard_checks_total{rule="`+rule+`",result="`+result+`"} `+count+"\n")
}
