package main

import (
	"context"
	"net/http"

	"github.com/coreos/go-oidc/v3/oidc"
)

func goOIDC() library {
	return library{"go-oidc", func(ctx context.Context, hc *http.Client) (verify, func(), error) {
		keys := oidc.NewRemoteKeySet(oidc.ClientContext(ctx, hc), keysURL)
		verifier := oidc.NewVerifier(issuer, keys, &oidc.Config{ClientID: audience, SupportedSigningAlgs: []string{oidc.RS256}})
		return func(ctx context.Context, token string) ([]string, error) {
			verified, err := verifier.Verify(ctx, token)
			if err != nil {
				return nil, err
			}
			var c claims
			return c.Roles, verified.Claims(&c)
		}, nothing, nil
	}}
}
