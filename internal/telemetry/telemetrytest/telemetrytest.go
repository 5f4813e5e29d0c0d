// Package telemetrytest is shared by the tests of metrics: clients that are watched by metrics,
// sources of their tokens, and a check that metrics show no secrets.
package telemetrytest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/internal/clienttest"
	"github.com/seed-ac726066/aztoken/tokenstore"
	"github.com/seed-ac726066/aztoken/verify"
)

// Metrics watch clients and verifiers.
type Metrics interface {
	OnEvent(ev aztoken.Event)
	Watch(c *aztoken.Client)
	OnVerifyEvent(ev verify.Event)
}

// Over is [clienttest.Over] for a client that is watched by metrics.
func Over(tb testing.TB, imds *imdstest.Server, metrics Metrics, opts aztoken.Options) *aztoken.Client {
	tb.Helper()
	opts.OnEvent = metrics.OnEvent
	c := clienttest.Over(tb, imds, opts)
	metrics.Watch(c)
	return c
}

// Living is a credential whose tokens have this lifetime.
type Living time.Duration

// GetToken returns a new token, different from all others.
func (l Living) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: fmt.Sprint("token-", time.Now().UnixNano()), ExpiresOn: time.Now().Add(time.Duration(l))}, nil
}

// EmptyStore is the backend of a store without tokens. If Err is set, it fails with Err.
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
