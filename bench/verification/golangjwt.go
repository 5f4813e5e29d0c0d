package main

import (
	"context"
	"net/http"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
)

// golangJWT has all the strictness that the parser offers.
func golangJWT() library {
	return library{"golang-jwt with keyfunc", func(ctx context.Context, hc *http.Client) (verify, func(), error) {
		ctx, cancel := context.WithCancel(ctx)
		first := false // an error of the first request is an error of New
		keys, err := keyfunc.NewDefaultOverrideCtx(ctx, []string{keysURL}, keyfunc.Override{Client: hc, NoErrorReturnFirstHTTPReq: &first})
		if err != nil {
			cancel()
			return nil, nil, err
		}
		parser := jwt.NewParser(jwt.WithValidMethods([]string{"RS256"}), jwt.WithIssuer(issuer), jwt.WithAudience(audience),
			jwt.WithExpirationRequired(), jwt.WithStrictDecoding())
		return func(_ context.Context, token string) ([]string, error) {
			var c struct {
				jwt.RegisteredClaims
				claims
			}
			_, err := parser.ParseWithClaims(token, &c, keys.Keyfunc)
			return c.Roles, err
		}, cancel, nil
	}}
}
