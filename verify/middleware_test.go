package verify_test

import (
	"net/http"
	"net/http/httptest"
)

// request is one with a bearer token.
func request(token string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/orders", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	return r
}
