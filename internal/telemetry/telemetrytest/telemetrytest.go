// Package telemetrytest has what the clients that tests of metrics watch get their tokens from.
package telemetrytest

import (
	"context"
	"fmt"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/seed-ac726066/aztoken/tokenstore"
)

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
