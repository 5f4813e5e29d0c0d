package imdstest

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Protect returns a protected service for tests of clients. It lets a request through to next if
// its bearer token was signed by this server, with a key that is not withdrawn, for exactly this
// audience, and is valid now. Any other gets a 401 whose WWW-Authenticate says why, as in RFC 6750.
// It knows the keys without fetching them, and allows no clock skew; for a service that is itself
// under test use [Server.Verifier].
func (s *Server) Protect(audience string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, ok := bearer(r)
		if !ok {
			w.Header().Set("WWW-Authenticate", "Bearer")
			http.Error(w, "a bearer token is required", http.StatusUnauthorized)
			return
		}
		if err := s.engine.Issuer().Admit(token, audience, time.Now()); err != nil {
			w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer error="invalid_token", error_description="%v"`, err))
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func bearer(r *http.Request) (token string, ok bool) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	token = strings.TrimSpace(token)
	return token, strings.EqualFold(scheme, "Bearer") && token != ""
}
