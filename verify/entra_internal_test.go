package verify

import (
	"io"
	"net/http"
	"strings"
)

// modulus is one of 2048 bits that nobody has the factors of.
var modulus = strings.Repeat("_", 342)

// serve answers as Entra does for fuzzTenant, with one key.
func serve(r *http.Request) *http.Response {
	body := `{"keys":[{"kty":"RSA","kid":"a","n":"` + modulus + `","e":"AQAB"}]}`
	if strings.HasSuffix(r.URL.Path, "/openid-configuration") {
		body = `{"issuer":"https://login.microsoftonline.com/` + fuzzTenant + `/v2.0","jwks_uri":"https://login.microsoftonline.com/` + fuzzTenant + `/discovery/v2.0/keys"}`
	}
	return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(body)), Request: r, Header: http.Header{}}
}
