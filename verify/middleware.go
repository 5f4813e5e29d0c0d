package verify

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Handler lets those requests through to next whose bearer token is good and meets all of reqs. Next finds the claims by
// [FromContext], and no Authorization header: it could pass on the token by mistake.
//
// The other requests are answered as RFC 6750 has it: 401 without a token or with one that is not good, 400 for a header that is not
// understood, 403 if a requirement is not met, 503 with Retry-After if the keys are not available. What is told is enough
// for the developer of a client; the rest is in the log.
func (v *Verifier) Handler(next http.Handler, reqs ...Requirement) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, problem := bearer(r.Header)
		if problem != nil {
			problem.write(w)
			return
		}
		claims, err := v.Authorize(r.Context(), token, reqs...)
		if err != nil {
			answerTo(err).write(w)
			return
		}
		through := r.WithContext(NewContext(r.Context(), claims))
		through.Header = r.Header.Clone()
		through.Header.Del("Authorization")
		next.ServeHTTP(w, through)
	})
}

// Middleware is [Verifier.Handler] in the form that routers take: chi's Use, alice's New, and so on.
func (v *Verifier) Middleware(reqs ...Requirement) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler { return v.Handler(next, reqs...) }
}

type claimsKey struct{}

// NewContext returns a context in which [FromContext] finds c, for interceptors of other protocols.
func NewContext(ctx context.Context, c *Claims) context.Context {
	return context.WithValue(ctx, claimsKey{}, c)
}

// FromContext gives the claims of the token with which a request came, in a handler behind [Verifier.Handler].
func FromContext(ctx context.Context) (*Claims, bool) {
	c, ok := ctx.Value(claimsKey{}).(*Claims)
	return c, ok
}

// bearer takes the token from the header Authorization (RFC 6750, section 2.1). Tokens in a form or a query are not looked for: they
// end in logs.
func bearer(h http.Header) (token string, problem *answer) {
	values := h["Authorization"]
	if len(values) == 0 {
		return "", &answer{status: http.StatusUnauthorized, description: "a bearer token is required"}
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	token = strings.TrimLeft(token, " ") // "1*SP", says the RFC
	switch {
	case len(values) > 1:
		return "", &answer{status: http.StatusBadRequest, code: "invalid_request", description: "more than one Authorization header"}
	case !strings.EqualFold(scheme, "Bearer"):
		return "", &answer{status: http.StatusUnauthorized, description: "a bearer token is required"}
	case token == "" || strings.ContainsAny(token, " \t,"):
		return "", &answer{status: http.StatusBadRequest, code: "invalid_request", description: "the Authorization header is not Bearer and one token"}
	}
	return token, nil
}

// answer is what a request gets that is not let through.
type answer struct {
	status            int
	code, description string // of RFC 6750, section 3; no code where there was no token
	retryAfter        time.Duration
}

func (a answer) write(w http.ResponseWriter) {
	if a.status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(a.retryAfter.Seconds()))))
		http.Error(w, "tokens cannot be checked at the moment", a.status)
		return
	}
	challenge := "Bearer"
	if a.code != "" {
		challenge += ` error="` + a.code + `", error_description="` + a.description + `"`
	}
	w.Header().Set("WWW-Authenticate", challenge)
	http.Error(w, a.description, a.status)
}

// answerTo is the answer to a token that was not accepted. It quotes nothing: that is for the log.
func answerTo(err error) answer {
	var e *Error
	switch {
	case errors.Is(err, ErrClosed):
		return answer{status: http.StatusServiceUnavailable, retryAfter: firstBackoff}
	case !errors.As(err, &e), e.sentinel == nil:
		return answer{status: http.StatusForbidden, code: "insufficient_scope", description: "a requirement of this route is not met"}
	case e.sentinel == ErrKeysUnavailable:
		return answer{status: http.StatusServiceUnavailable, retryAfter: e.RetryAfter}
	case e.sentinel == ErrRole, e.sentinel == ErrClient:
		return answer{status: http.StatusForbidden, code: "insufficient_scope", description: e.sentinel.Error()}
	}
	return answer{status: http.StatusUnauthorized, code: "invalid_token", description: e.sentinel.Error()}
}
