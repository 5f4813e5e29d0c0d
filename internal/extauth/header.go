package extauth

import "net/http"

// The headers that the service gets from the guard.
const (
	tenantHeader   = "X-Auth-Tenant"
	objectIDHeader = "X-Auth-Object-Id"
	clientIDHeader = "X-Auth-Client-Id"
	rolesHeader    = "X-Auth-Roles"
	scopesHeader   = "X-Auth-Scopes"
	claimsHeader   = "X-Auth-Claims"
)

// A mark is what a header says about a question.
type mark uint8

const (
	ownHeader      mark = 1 << iota // it is one that the guard sets
	methodOverride                  // it makes the service use another method
)

// marks returns the marks of all headers of a question.
func marks(h http.Header) (all mark) {
	for name := range h {
		if len(name) > 0 && name[0]|0x20 == 'x' { // all of our headers begin so
			all |= markOf(name)
		}
	}
	return all
}

// markOf returns the mark of a header by its name.
func markOf(name string) mark {
	for _, known := range [...]struct {
		name string
		mark mark
	}{
		{"x-auth-tenant", ownHeader}, {"x-auth-object-id", ownHeader}, {"x-auth-client-id", ownHeader},
		{"x-auth-roles", ownHeader}, {"x-auth-scopes", ownHeader}, {"x-auth-claims", ownHeader},
		{"x-http-method-override", methodOverride}, {"x-http-method", methodOverride}, {"x-method-override", methodOverride},
	} {
		if readsAs(name, known.name) {
			return known.mark
		}
	}
	return 0
}

// readsAs reports whether services may take a header for the one of a name in lower case: CGI and
// similar interfaces read _ as -, and some read anything that is neither a letter nor a digit as -.
func readsAs(header, name string) bool {
	if len(header) != len(name) {
		return false
	}
	for i := range len(header) {
		c := header[i]
		switch {
		case 'A' <= c && c <= 'Z':
			c |= 0x20
		case ('a' > c || c > 'z') && ('0' > c || c > '9'):
			c = '-'
		}
		if c != name[i] {
			return false
		}
	}
	return true
}

// isPreflight reports whether a question is a CORS preflight (Fetch, 4.8). It has no token, because
// browsers send none.
func isPreflight(method string, h http.Header) bool {
	return method == http.MethodOptions && h.Get("Origin") != "" && h.Get("Access-Control-Request-Method") != ""
}
