package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// goJOSE has no key set that refreshes itself: the keys are fetched once.
func goJOSE() library {
	return library{"go-jose", func(ctx context.Context, hc *http.Client) (verify, func(), error) {
		keys, err := fetchKeys(ctx, hc)
		if err != nil {
			return nil, nil, err
		}
		expected := jwt.Expected{Issuer: issuer, AnyAudience: jwt.Audience{audience}}
		return func(_ context.Context, token string) ([]string, error) {
			parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256})
			if err != nil {
				return nil, err
			}
			var c struct {
				jwt.Claims
				claims
			}
			if err := parsed.Claims(keys, &c); err != nil {
				return nil, err
			}
			return c.Roles, c.ValidateWithLeeway(expected.WithTime(time.Now()), jwt.DefaultLeeway)
		}, nothing, nil
	}}
}

func fetchKeys(ctx context.Context, hc *http.Client) (*jose.JSONWebKeySet, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, keysURL, nil)
	if err != nil {
		return nil, err
	}
	resp, err := hc.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	keys := &jose.JSONWebKeySet{}
	if err := json.NewDecoder(resp.Body).Decode(keys); err != nil {
		return nil, fmt.Errorf("verification: the keys: %w", err)
	}
	return keys, nil
}
