package imdstest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Claims returns the claims of a token that this server signed, expired or not and its key withdrawn or not, in the types
// of package encoding/json: numbers are float64. It is what a test asserts on.
func (s *Server) Claims(token string) (map[string]any, error) { return s.keys.all().claims(token) }

func (ks keySet) claims(token string) (map[string]any, error) {
	payload, err := ks.verify(token)
	if err != nil {
		return nil, fmt.Errorf("imdstest: the token is not one of this server: %w", err)
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		return nil, fmt.Errorf("imdstest: the token's claims: %w", err)
	}
	return claims, nil
}

// Protect returns a protected service for tests of clients. It lets a request through to next if its bearer token was
// signed by this server, with a key that is not withdrawn, for exactly this audience, and is valid now. Any other gets a
// 401 whose WWW-Authenticate tells why, as RFC 6750 has it. It knows the keys without asking for them, and leaves no slack
// for clocks; a service that is itself under test has a [Server.Verifier].
func (s *Server) Protect(audience string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, ok := bearer(r)
		if !ok {
			w.Header().Set("WWW-Authenticate", "Bearer")
			http.Error(w, "a bearer token is required", http.StatusUnauthorized)
			return
		}
		if err := s.admit(token, audience, time.Now()); err != nil {
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

// admit returns why a token is not good enough, in words that are fit for a header.
func (s *Server) admit(token, audience string, now time.Time) error {
	claims, err := s.keys.signers().claims(token)
	if err != nil {
		return errors.New("the token was not signed by this issuer")
	}
	if claims["aud"] != audience {
		return errors.New("the token is for another audience")
	}
	expires, ok := claims["exp"].(float64)
	if !ok || !now.Before(time.Unix(int64(expires), 0)) {
		return errors.New("the token is expired")
	}
	if notBefore, ok := claims["nbf"].(float64); ok && now.Before(time.Unix(int64(notBefore), 0)) {
		return errors.New("the token is not valid yet")
	}
	return nil
}
