package verify

import (
	"net/http"
	"strings"
)

// Handler passes requests to next if their bearer token is valid and meets all of reqs. Next gets
// the claims with [FromContext], and no Authorization header, so that it cannot pass on the token
// by mistake.
//
// Other requests are answered as RFC 6750 requires: see [Error.StatusCode] and [Error.Challenge].
// The answer does not say which check failed; the log does. Options.ErrorHandler can write the
// answer instead.
//
// Behind another Handler or Middleware of the same Verifier, which has removed the header, only
// reqs are checked.
func (v *Verifier) Handler(next http.Handler, reqs ...Requirement) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if next == nil {
			http.Error(w, "verify: Handler got a nil http.Handler", http.StatusInternalServerError)
			return
		}
		if claims, ok := v.claimsOf(r.Context()); ok && len(r.Header["Authorization"]) == 0 {
			if err := v.meet(r.Context(), claims, reqs); err != nil {
				v.refuse(w, r, err)
				return
			}
			next.ServeHTTP(w, r)
			return
		}
		token, err := BearerToken(r)
		if err != nil {
			v.refuse(w, r, err)
			return
		}
		claims, err := v.Authorize(r.Context(), token, reqs...)
		if err != nil {
			v.refuse(w, r, err)
			return
		}
		through := r.WithContext(v.context(r.Context(), claims, token))
		through.Header = r.Header.Clone()
		through.Header.Del("Authorization")
		// The server removes the temporary files of uploads from the request that it knows.
		defer func() {
			if r.MultipartForm == nil {
				r.MultipartForm = through.MultipartForm
			}
		}()
		next.ServeHTTP(w, through)
	})
}

// Middleware is [Verifier.Handler] in the form that routers expect: chi's Use, alice's New, and so
// on.
func (v *Verifier) Middleware(reqs ...Requirement) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler { return v.Handler(next, reqs...) }
}

// BearerToken returns the token of the header Authorization (RFC 6750, section 2.1), for your own
// middleware. It does not look for tokens in a form or a query, because those end up in logs. Its
// error is an [*Error], [ErrNoToken] if there is no token.
func BearerToken(r *http.Request) (string, error) {
	if r == nil || len(r.Header["Authorization"]) == 0 {
		return "", newError(ErrNoToken, "", "")
	}
	values := r.Header["Authorization"]
	scheme, token, _ := strings.Cut(values[0], " ")
	token = strings.TrimLeft(token, " ") // "1*SP", says the RFC
	switch {
	case len(values) > 1:
		return "", badHeader("more than one Authorization header")
	case !strings.EqualFold(scheme, "Bearer"):
		return "", newError(ErrNoToken, "another scheme", "Bearer")
	case token == "" || hasSeparator(token):
		return "", badHeader("an Authorization header that is not Bearer and one token")
	}
	return token, nil
}

// hasSeparator reports whether text is several words or values. Looking for one byte at a time
// takes a tenth of the time of strings.ContainsAny for a token.
func hasSeparator(text string) bool {
	return strings.IndexByte(text, ' ') >= 0 || strings.IndexByte(text, ',') >= 0 || strings.IndexByte(text, '\t') >= 0
}

func badHeader(found string) *Error {
	e := newError(ErrMalformed, found, "")
	e.status = http.StatusBadRequest
	return e
}
