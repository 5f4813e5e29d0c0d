// Package telemetrytest is what the tests of metrics share: clients that metrics watch, what these
// get their tokens from, and what no metrics may show.
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

// Metrics are those of a module, which watch clients and verifiers.
type Metrics interface {
	OnEvent(ev aztoken.Event)
	Watch(c *aztoken.Client)
	OnVerifyEvent(ev verify.Event)
}

// Over returns a client of imds that metrics watch, as [clienttest.Over] does.
func Over(tb testing.TB, imds *imdstest.Server, metrics Metrics, opts aztoken.Options) *aztoken.Client {
	tb.Helper()
	opts.OnEvent = metrics.OnEvent
	c := clienttest.Over(tb, imds, opts)
	metrics.Watch(c)
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
