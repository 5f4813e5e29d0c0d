package extauth_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/internal/extauth"
)

// discard is a ResponseWriter that discards the answer.
type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
func (d *discard) WriteHeader(status int)      { d.status = status }

// The cost of a check without net/http, with a cached token.
func BenchmarkCheck(b *testing.B) {
	entra := imdstest.New(&imdstest.Options{Identities: []imdstest.Identity{{SystemAssigned: true, Roles: map[string][]string{audience: {"reader"}}}}})
	config, err := extauth.Read(strings.NewReader(`
proxy: nginx
audiences: [https://orders.example.com]
tenants: [`+imdstest.DefaultTenantID+`]
authority: https://imds.test
rules:
- {host: orders.example, path: /orders/, methods: [GET, POST], require: [{roles: [reader, writer], app_only: true}]}
- {host: orders.example, path: /public/, open: true}
`), "guard.yaml")
	require.NoError(b, err)
	config, err = config.Check()
	require.NoError(b, err)
	g, err := extauth.New(config, extauth.Options{HTTPClient: entra.Client()})
	require.NoError(b, err)
	defer g.Close()
	r := httptest.NewRequest(http.MethodGet, "/check", nil)
	r.Host = "orders.example"
	r.Header = http.Header{
		"Authorization": {"Bearer " + entra.Mint(audience)}, "X-Original-Method": {"GET"}, "X-Original-Uri": {"/orders/17/lines?page=2"},
		"Connection": {"close"}, "User-Agent": {"curl/8"}, "Accept": {"*/*"},
	}
	w := &discard{header: http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		clear(w.header)
		g.ServeHTTP(w, r)
	}
	require.Zero(b, w.status)
	require.Equal(b, []string{"reader"}, w.header["X-Auth-Roles"])
}
