// Package recipetest is shared by the tests of all recipes: it plays Azure's part, makes load, and
// checks the errors that callers may see.
package recipetest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
)

// Identity is a managed identity of the machine.
type Identity = imdstest.Identity

// The machine in these tests has two identities: one that the servers accept, and another.
var (
	Known = Identity{ClientID: imdstest.DefaultClientID, ObjectID: imdstest.DefaultObjectID}
	Other = Identity{ClientID: "c0000000-0000-4000-8000-000000000002", ObjectID: "0b000000-0000-4000-8000-000000000002"}
)

// NewAzure starts the machine's identity endpoint. Each request gets a new token, as from a
// platform whose cached token is old. roles are the roles of the known identity. All servers of a
// process sign with the same keys, so a test can break its own server while the service trusts
// another.
func NewAzure(t *testing.T, roles map[string][]string) *imdstest.Server {
	t.Helper()
	return newAzure(t, roles, 0)
}

// NewShortAzure is NewAzure with tokens that live only for seconds.
func NewShortAzure(t *testing.T, roles map[string][]string) *imdstest.Server {
	t.Helper()
	return newAzure(t, roles, shortLife)
}

func newAzure(t *testing.T, roles map[string][]string, life time.Duration) *imdstest.Server {
	t.Helper()
	known := Known
	known.Roles = roles
	return imdstest.NewServer(t, &imdstest.Options{
		Identities: []imdstest.Identity{known, Other}, MintAfter: -1, TokenLifetime: life,
	})
}

// NewClient returns a client for one of the identities of the machine.
func NewClient(t *testing.T, azure *imdstest.Server, identity Identity) *aztoken.Client {
	t.Helper()
	return NewClientAt(t, azure.URL, identity)
}

// NewClientAt is NewClient for an endpoint with the given URL.
func NewClientAt(t *testing.T, url string, identity Identity) *aztoken.Client {
	t.Helper()
	client, err := aztoken.NewClient(&aztoken.Options{Endpoint: url, ID: aztoken.ClientID(identity.ClientID)})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	return client
}

// NewHolder returns a client that gets the given tokens, valid or not, one after another, and then
// the last one repeatedly.
func NewHolder(t *testing.T, tokens ...string) *aztoken.Client {
	t.Helper()
	client, err := aztoken.NewClient(&aztoken.Options{Credential: &holder{tokens: tokens}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	return client
}

type holder struct {
	mu     sync.Mutex
	tokens []string // guarded by mu
}

// GetToken implements [azcore.TokenCredential].
func (h *holder) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	next := h.tokens[0]
	if len(h.tokens) > 1 {
		h.tokens = h.tokens[1:]
	}
	return azcore.AccessToken{Token: next, ExpiresOn: time.Now().Add(time.Hour)}, nil
}

// Rotate makes the client replace its token for resource by reporting a rejection, the only cause
// that needs no waiting. It returns when the new token is in use.
func Rotate(t *testing.T, client *aztoken.Client, resource string) (old, current aztoken.Token) {
	t.Helper()
	old = Token(t, client, resource)
	client.Invalidate(old)
	current = Token(t, client, resource)
	require.NotEqual(t, old.Value(), current.Value(), "the token was not replaced")
	return old, current
}

// FailToRotate makes the client look for another token and fail. It returns once the client has
// made the failing request.
func FailToRotate(t *testing.T, client *aztoken.Client, azure *imdstest.Server, resource string) {
	t.Helper()
	old := Token(t, client, resource)
	asked := azure.Count()
	azure.Break(imdstest.EntraDown())
	client.Invalidate(old)
	require.Eventually(t, func() bool { return azure.Count() > asked }, 10*time.Second, 10*time.Millisecond)
	require.Equal(t, old.Value(), Token(t, client, resource).Value(), "the old token is no longer in use")
}

// Token returns the client's token.
func Token(t *testing.T, client *aztoken.Client, resource string) aztoken.Token {
	t.Helper()
	token, err := client.Token(t.Context(), resource)
	require.NoError(t, err)
	return token
}

// shortLife is the lifetime of a token that expires during a test. lastUse is how long before its
// expiry the client stops serving it.
const (
	shortLife = 6 * time.Second
	lastUse   = 2 * time.Second
)

// AwaitExpiry returns when the client no longer serves a token.
func AwaitExpiry(t *testing.T, token aztoken.Token) {
	t.Helper()
	require.Eventually(t, func() bool { return time.Until(token.ExpiresOn) < lastUse }, time.Minute, 10*time.Millisecond)
}

// Patience is the deadline of a caller whose endpoint hangs.
const Patience = time.Second

// Hang makes the endpoint hang and returns the context of a caller that does not wait forever.
func Hang(t *testing.T, azure *imdstest.Server) context.Context {
	t.Helper()
	azure.Break(imdstest.Hang())
	ctx, cancel := context.WithTimeout(t.Context(), Patience)
	t.Cleanup(cancel)
	return ctx
}

// RequireNoToken requires that err is the library's error for a token that did not arrive in time.
func RequireNoToken(t *testing.T, err error, resource string) {
	t.Helper()
	var noToken *aztoken.Error
	require.ErrorAs(t, err, &noToken)
	require.Equal(t, resource, noToken.Resource)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorContains(t, err, noToken.Advice)
}
