package extauth_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/internal/extauth"
)

// What nginx asks about requests, and the answers.
func Example() {
	entra := imdstest.New(&imdstest.Options{Identities: []imdstest.Identity{{
		SystemAssigned: true, Roles: map[string][]string{"api://orders": {"reader"}},
	}}})
	config, err := extauth.Read(strings.NewReader(`
proxy: nginx
audiences: [api://orders]
tenants: [`+imdstest.DefaultTenantID+`]
authority: https://imds.test
rules:
- {path: /orders/, methods: [GET], require: [{roles: [reader]}]}
- {path: /orders/, methods: [POST], require: [{roles: [writer]}]}
- {path: /public/, open: true}
`), "guard.yaml")
	if err == nil {
		config, err = config.Check()
	}
	if err != nil {
		panic(err)
	}
	guard, err := extauth.New(config, extauth.Options{HTTPClient: entra.Client()})
	if err != nil {
		panic(err)
	}
	defer guard.Close()

	ask := func(method, target, token string) {
		r := httptest.NewRequest(http.MethodGet, "/check", nil)
		r.Header.Set("X-Original-Method", method)
		r.Header.Set("X-Original-URI", target)
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		w := httptest.NewRecorder()
		guard.ServeHTTP(w, r)
		fmt.Printf("%-4s %-19s → %d %q\n", method, target, w.Code, w.Header()["X-Auth-Roles"])
	}
	token := entra.Mint("api://orders")
	ask("GET", "/orders/17?all", token)
	ask("GET", "/orders/17", "")
	ask("POST", "/orders/", token)
	ask("GET", "/public/", "")
	ask("GET", "/public/../orders/", token)
	// Output:
	// GET  /orders/17?all      → 200 ["reader"]
	// GET  /orders/17          → 401 []
	// POST /orders/            → 403 []
	// GET  /public/            → 200 [""]
	// GET  /public/../orders/  → 403 []
}
