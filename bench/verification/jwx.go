package main

import (
	"context"
	"net/http"

	"github.com/lestrrat-go/httprc/v3"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jws"
	"github.com/lestrrat-go/jwx/v3/jwt"
)

func jwx() library {
	return library{"jwx", func(ctx context.Context, hc *http.Client) (verify, func(), error) {
		ctx, cancel := context.WithCancel(ctx)
		keys, err := jwxKeys(ctx, hc)
		if err != nil {
			cancel()
			return nil, nil, err
		}
		// Entra's keys have no alg, for which the documentation has this option.
		options := []jwt.ParseOption{
			jwt.WithKeySet(keys, jws.WithInferAlgorithmFromKey(true)), jwt.WithIssuer(issuer), jwt.WithAudience(audience),
			jwt.WithRequiredClaim(jwt.ExpirationKey), jwt.WithPedantic(true), jwt.WithStrictStringClaims(true),
		}
		return func(_ context.Context, token string) ([]string, error) {
			parsed, err := jwt.Parse([]byte(token), options...)
			if err != nil {
				return nil, err
			}
			var listed []any
			if err := parsed.Get("roles", &listed); err != nil {
				return nil, err
			}
			roles := make([]string, 0, len(listed))
			for _, r := range listed {
				if s, ok := r.(string); ok {
					roles = append(roles, s)
				}
			}
			return roles, nil
		}, cancel, nil
	}}
}

func jwxKeys(ctx context.Context, hc *http.Client) (jwk.Set, error) {
	cache, err := jwk.NewCache(ctx, httprc.NewClient())
	if err != nil {
		return nil, err
	}
	if err := cache.Register(ctx, keysURL, jwk.WithHTTPClient(hc)); err != nil {
		return nil, err
	}
	return cache.CachedSet(keysURL)
}
