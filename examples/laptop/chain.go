package main

import (
	"context"
	"errors"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/seed-ac726066/aztoken"
)

// newChain returns a credential that is the managed identity where the host has one, and otherwise
// whoever is signed in with a developer's tool.
func newChain(identity *aztoken.Client) (azcore.TokenCredential, error) {
	cli, err := azidentity.NewAzureCLICredential(nil)
	if err != nil {
		return nil, err
	}
	azd, err := azidentity.NewAzureDeveloperCLICredential(nil)
	if err != nil {
		return nil, err
	}
	return azidentity.NewChainedTokenCredential([]azcore.TokenCredential{
		link{identity, isNotHere}, link{cli, isNotSignedIn}, link{azd, isNotSignedIn},
	}, nil)
}

// link is a credential in a chain. A chain continues with the next credential only after an error
// of azidentity's own type; link converts the errors that isAbsent reports into that type.
type link struct {
	azcore.TokenCredential
	isAbsent func(error) bool
}

func (l link) GetToken(ctx context.Context, opts policy.TokenRequestOptions) (azcore.AccessToken, error) {
	token, err := l.TokenCredential.GetToken(ctx, opts)
	if err != nil && ctx.Err() == nil && l.isAbsent(err) {
		err = azidentity.NewCredentialUnavailableError(err.Error())
	}
	return token, err
}

// isNotHere reports whether the machine has no identity endpoint. Any other error must stop the
// chain: after an outage, a wrong id or a missing role the program must not act as another identity.
func isNotHere(err error) bool { return errors.Is(err, aztoken.ErrNoManagedIdentity) }

// isNotSignedIn reports whether a developer's tool has no token, which is what all its errors mean.
func isNotSignedIn(error) bool { return true }
