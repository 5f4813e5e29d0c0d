package guard_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// tricks are targets that some servers read as a path below /admin/ and others do not.
var tricks = []string{
	"/admin", "/admin/", "/admin/x", "/admin?x", "/admin/?/public/",
	// dot segments, plain and encoded
	"/public/../admin/x", "/orders/../admin/x", "/public/./../admin/x", "/public/%2e%2e/admin/x", "/public/.%2e/admin/x", "/public/%2E%2E/admin/x",
	"/public/%252e%252e/admin/x", "/./admin/x", "/%2e/admin/x", "/public/../../admin/x", "/public/x/..", "/public/..",
	"/public/.../admin/x", "/public/..%00/admin/x", "/public/%25%32%65%25%32%65/admin/x", "/public/.%252e/admin/x", "/public/..%20/admin/x", "/public/..%09/admin/x",
	// slashes: double, encoded, backslashes
	"//admin/x", "///admin/x", "/public//../admin/x", "/public/..//admin/x", "/%2fadmin/x", "/%2Fadmin/x", "/public%2f..%2fadmin/x", "/public/..%2fadmin/x",
	"/public%2f%2e%2e%2fadmin/x", "/public/%2e%2e%2fadmin/x", "/public/..%252fadmin/x", "/public/%2e%2e%5cadmin/x", "/admin%2fx", "/admin%2Fx", "/admin%252fx",
	`/public\..\admin\x`, `/public/..\admin/x`, `/\admin/x`, `/admin\x`, "/public/..%5cadmin/x", "/%5cadmin/x", "/admin%5cx", "/public/%255c..%255cadmin/x",
	// parameters
	"/admin;x", "/admin;/x", "/admin/;x", "/;/admin/x", "/;x/admin/x", "/public/..;/admin/x", "/public/..;x/admin/x", "/admin%3bx", "/public/..%3b/admin/x",
	// letter case, and letters whose case depends on the alphabet
	"/Admin/x", "/ADMIN/x", "/ADMIN", "/aDmIn/x", "/%61dmin/x", "/%41dmin/x", "/adm%69n/x", "/adm%49n/x", "/adm%c4%b1n/x", "/adm%C4%B1n/x",
	// paths that end early
	"/admin%00", "/admin%00/x", "/public/%00/../admin/x", "/admin%20", "/admin%20/x", "/admin./x", "/admin./", "/admin.", "/admin%2e/x", "/admin%0a", "/admin%0d%0a", "/admin%09", "/admin%7f",
	// queries and fragments
	"/public/#/../admin/x", "/admin/x#/public/", "/admin#", "/public/%23/../../admin/x", "/public/%3f/../../admin/x", "/admin%3f", "/admin%3fx", "/admin%23",
	// invalid escapes
	"/admin%", "/admin%2", "/admin%zz", "/%u0061dmin/x", "/admin%ff", "/%c0%afadmin/x", "/public/%c0%ae%c0%ae/admin/x", "/%e0%80%afadmin/x",
	// targets that are not paths
	"http://orders.example/admin/x", "http://orders.example/public/../admin/x", "http://other.example/admin/x", "HTTP://ORDERS.EXAMPLE/admin/x", "admin/x", "*", "?/admin/x", "@/admin/x", ":80/admin/x",
}

// A caller without the role cannot get below /admin/, however the path is written.
func (s *stand) testPaths(t *testing.T) {
	reader := s.mint("reader")
	for _, token := range []string{"", reader} {
		for _, target := range tricks {
			got := s.do(t, call{target: target, token: token})
			require.Nil(t, got.reached, "%q reached the service as %+v", target, got.reached)
			require.True(t, got.status >= 400 && got.status < 500, "%q: %d", target, got.status)
		}
	}
	t.Run("without a rule", func(t *testing.T) {
		for _, target := range []string{"/", "/x", "/healthz", "/readyz", "/metrics", "/statusz", "/check", "/validate", "/_aztoken_guard", "/publicx", "/order"} {
			s.requireRefused(t, call{target: target, token: reader}, http.StatusForbidden, http.StatusNotFound)
		}
	})
	t.Run("as the service gets it", func(t *testing.T) {
		for _, target := range []string{"/orders/1", "/orders/%41", "/orders/a%20b", "/orders/x?y=%2f..//;#"[:20], "/orders/%C3%A4", "/orders/a+b", "/orders/1?q=a%20b&q="} {
			got := s.requirePassed(t, call{target: target, token: reader}, with("reader"))
			require.Equal(t, target, got.target)
		}
	})
	t.Run("too long", func(t *testing.T) {
		s.requireRefused(t, call{target: "/orders/" + strings.Repeat("x", 9000), token: reader},
			http.StatusForbidden, http.StatusRequestURITooLong, http.StatusBadRequest, http.StatusRequestHeaderFieldsTooLarge)
	})
}
