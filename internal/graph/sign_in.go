package graph

import (
	"context"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// SignInError is why there is no token for Graph.
type SignInError struct{ Err error }

func (e *SignInError) Error() string { return "no token for Microsoft Graph: " + e.Err.Error() }

// Unwrap gives the credential's error.
func (e *SignInError) Unwrap() error { return e.Err }

// NonRetriable makes azcore's retry policy give up at once.
func (e *SignInError) NonRetriable() {}

// signIn tells the errors of a credential from those of Graph.
type signIn struct{ azcore.TokenCredential }

func (s signIn) GetToken(ctx context.Context, opts policy.TokenRequestOptions) (azcore.AccessToken, error) {
	token, err := s.TokenCredential.GetToken(ctx, opts)
	if err != nil {
		return azcore.AccessToken{}, &SignInError{err}
	}
	return token, nil
}
