package main

import (
	"context"
	"net/http"

	azverify "github.com/seed-ac726066/aztoken/verify"

	"github.com/seed-ac726066/aztoken/imdstest"
)

func aztoken() library {
	return library{"aztoken verify", func(ctx context.Context, hc *http.Client) (verify, func(), error) {
		v, err := verifier(hc)
		if err != nil {
			return nil, nil, err
		}
		return func(ctx context.Context, token string) ([]string, error) {
			c, err := v.Verify(ctx, token)
			if err != nil {
				return nil, err
			}
			return c.Roles, nil
		}, func() { _ = v.Close() }, v.Warm(ctx)
	}}
}

func verifier(hc *http.Client) (*azverify.Verifier, error) {
	return azverify.New(&azverify.Options{
		Audiences: []string{audience}, Tenants: []string{imdstest.DefaultTenantID}, Authority: "https://imds.test", HTTPClient: hc,
	})
}
