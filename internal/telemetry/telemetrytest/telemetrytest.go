// Package telemetrytest has the clients that tests of metrics watch, and what these get their
// tokens from.
package telemetrytest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/tokenstore"
)

// NewClient returns a client that ends with the test. Unless opts say otherwise, its environment
// names no host.
func NewClient(tb testing.TB, opts aztoken.Options) *aztoken.Client {
	tb.Helper()
	if opts.Getenv == nil {
		opts.Getenv = func(string) string { return "" }
	}
	c, err := aztoken.NewClient(&opts)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := c.Close(); err != nil {
			tb.Error(err)
		}
	})
	return c
}

// Living is a credential whose tokens live this long.
type Living time.Duration

// GetToken returns a token that no other is equal to.
func (l Living) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: fmt.Sprint("token-", time.Now().UnixNano()), ExpiresOn: time.Now().Add(time.Duration(l))}, nil
}

// EmptyStore is a backend of a store that has no tokens, or fails with Err if that is set.
type EmptyStore struct{ Err error }

// Load finds nothing.
func (s *EmptyStore) Load(context.Context, string) ([]byte, error) {
	if s.Err != nil {
		return nil, s.Err
	}
	return nil, tokenstore.ErrNotFound
}

// Save keeps nothing.
func (s *EmptyStore) Save(context.Context, string, []byte, time.Time) error { return s.Err }
