package graph

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/seed-ac726066/aztoken/internal/jwt"
)

// SignInError reports why there is no token for Graph.
type SignInError struct{ Err error }

func (e *SignInError) Error() string { return "no token for Microsoft Graph: " + e.Err.Error() }

// Unwrap returns the error of the credential.
func (e *SignInError) Unwrap() error { return e.Err }

// NonRetriable keeps azcore's retry policy from trying again.
func (e *SignInError) NonRetriable() {}

// signIn marks the errors of a credential, to distinguish them from Graph's, and keeps the tenant
// of its tokens.
type signIn struct {
	credential azcore.TokenCredential
	tenant     atomic.Pointer[string] // nil before the first token
}

func (s *signIn) GetToken(ctx context.Context, opts policy.TokenRequestOptions) (azcore.AccessToken, error) {
	token, err := s.credential.GetToken(ctx, opts)
	switch {
	case err != nil && errors.As(err, new(*Error)): // of a fake
		return azcore.AccessToken{}, err
	case err != nil:
		return azcore.AccessToken{}, &SignInError{err}
	}
	claims, _ := jwt.Claims(token.Token)
	tenant := jwt.Text(claims["tid"])
	s.tenant.Store(&tenant)
	return token, nil
}

// TenantID returns the tenant of the token that was sent last, "" before the first call, or where
// the token does not say.
func (c *Client) TenantID() string {
	if tenant := c.signIn.tenant.Load(); tenant != nil {
		return *tenant
	}
	return ""
}
