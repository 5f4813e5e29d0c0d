package verify

import (
	"context"

	"github.com/seed-ac726066/aztoken/internal/secret"
)

type (
	claimsKey struct{}
	tokenKey  struct{}
)

// verified are claims in a context, and who put them there.
type verified struct {
	claims *Claims
	by     *Verifier // nil: other middleware
}

// NewContext returns a context in which [FromContext] finds c, for your own middleware.
func NewContext(ctx context.Context, c *Claims) context.Context {
	return context.WithValue(ctx, claimsKey{}, verified{claims: c})
}

// FromContext returns the claims of the token with which a request came, in a handler behind
// [Verifier.Handler].
func FromContext(ctx context.Context) (*Claims, bool) {
	found, ok := ctx.Value(claimsKey{}).(verified)
	return found.claims, ok && found.claims != nil
}

// NewTokenContext returns a context in which [TokenFromContext] finds token, for your own
// middleware. Printing the context does not print the token.
func NewTokenContext(ctx context.Context, token string) context.Context {
	return context.WithValue(ctx, tokenKey{}, secret.New(token))
}

// TokenFromContext returns the token with which a request came, in a handler behind
// [Verifier.Handler]. It is only for the on-behalf-of flow: a token must not be sent to any service
// but the one it is for.
func TokenFromContext(ctx context.Context) (string, bool) {
	token, ok := ctx.Value(tokenKey{}).(secret.Text)
	if !ok {
		return "", false
	}
	return token.Reveal(), true
}

// context returns a context with the claims and the token of a request that v let through.
func (v *Verifier) context(ctx context.Context, c *Claims, token string) context.Context {
	return context.WithValue(NewTokenContext(ctx, token), claimsKey{}, verified{c, v})
}

// claimsOf returns the claims that v itself has put into a context.
func (v *Verifier) claimsOf(ctx context.Context) (*Claims, bool) {
	found, ok := ctx.Value(claimsKey{}).(verified)
	return found.claims, ok && found.by == v && v != nil
}
