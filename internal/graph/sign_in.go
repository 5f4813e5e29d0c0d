package graph

import (
	"context"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// SignInError reports why there is no token for Graph.
type SignInError struct{ Err error }

func (e *SignInError) Error() string { return "no token for Microsoft Graph: " + e.Err.Error() }

// Unwrap returns the error of the credential.
func (e *SignInError) Unwrap() error { return e.Err }

// NonRetriable keeps azcore's retry policy from trying again.
func (e *SignInError) NonRetriable() {}

// signIn marks the errors of a credential, to distinguish them from Graph's.
type signIn struct{ azcore.TokenCredential }

func (s signIn) GetToken(ctx context.Context, opts policy.TokenRequestOptions) (azcore.AccessToken, error) {
	token, err := s.TokenCredential.GetToken(ctx, opts)
	if err != nil {
		return azcore.AccessToken{}, &SignInError{err}
	}
	return token, nil
}
