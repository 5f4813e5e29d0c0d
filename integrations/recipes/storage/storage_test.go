package storage_test

import (
	"context"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/integrations/recipes/internal/recipetest"
)

// resource is what azblob requests by itself.
const resource = "https://storage.azure.com"

func TestStorage(t *testing.T) {
	t.Parallel()
	server := startAzurite(t)
	azure := recipetest.NewAzure(t, nil)
	_, err := server.connect(t, recipetest.NewClient(t, azure, recipetest.Known)).CreateContainer(t.Context(), "orders", nil)
	require.NoError(t, err)

	t.Run("the SDK asks for its own resource", func(t *testing.T) {
		t.Parallel()
		azure := recipetest.NewAzure(t, nil)
		client := server.connect(t, recipetest.NewClient(t, azure, recipetest.Known))
		require.NoError(t, upload(client)(t.Context()))
		blob, err := client.DownloadStream(t.Context(), "orders", "order", nil)
		require.NoError(t, err)
		content, err := io.ReadAll(blob.Body)
		require.NoError(t, err)
		require.NoError(t, blob.Body.Close())
		require.Equal(t, "an order", string(content))
		require.Len(t, azure.Requests(), 1)
		require.Equal(t, resource, azure.Requests()[0].Resource)
	})
	t.Run("the service refuses a token: its error, and no token in it", func(t *testing.T) {
		t.Parallel()
		for why, token := range map[string]string{
			"another audience": azure.Mint("https://other.example.com"),
			"expired":          azure.Mint(resource, func(j *imdstest.JWT) { j.Claims["exp"] = time.Now().Add(-time.Hour).Unix() }),
			"not yet valid":    azure.Mint(resource, func(j *imdstest.JWT) { j.Claims["nbf"] = time.Now().Add(time.Hour).Unix() }),
			"no token at all":  "no-token",
		} {
			err := upload(server.connect(t, recipetest.NewHolder(t, token)))(t.Context())
			var refused *azcore.ResponseError
			require.ErrorAs(t, err, &refused, why)
			require.Contains(t, []int{http.StatusUnauthorized, http.StatusForbidden}, refused.StatusCode, why)
			require.NotContains(t, err.Error(), token, why)
		}
	})
	t.Run("rotations under load: no request fails", func(t *testing.T) {
		t.Parallel()
		azure := recipetest.NewShortAzure(t, nil)
		tokens := recipetest.NewClient(t, azure, recipetest.Known)
		first := recipetest.Token(t, tokens, resource)
		// An SDK client keeps a token until its RefreshOn, which tokens that live for seconds never
		// reach. A new client uses the current token.
		load := recipetest.StartLoad(t, 4, func(ctx context.Context) error { return upload(server.connect(t, tokens))(ctx) })
		load.OutliveToken(t, azure, first, 50)
	})
	t.Run("a rotation that fails under load: no request fails", func(t *testing.T) {
		t.Parallel()
		azure := recipetest.NewAzure(t, nil)
		tokens := recipetest.NewClient(t, azure, recipetest.Known)
		load := recipetest.StartLoad(t, 4, upload(server.connect(t, tokens)))
		load.OutliveFailure(t, tokens, azure, resource, 50)
		require.NoError(t, upload(server.connect(t, tokens))(t.Context()), "a client of the SDK without a cached token")
	})
	t.Run("the endpoint hangs at the start: the library's error at the caller's own deadline", func(t *testing.T) {
		t.Parallel()
		azure := recipetest.NewAzure(t, nil)
		tokens := recipetest.NewClient(t, azure, recipetest.Known)
		client := server.connect(t, tokens)
		ctx := recipetest.Hang(t, azure)
		patient, cancel := context.WithCancel(t.Context())
		var first sync.WaitGroup
		first.Go(func() { _ = upload(client)(patient) })
		recipetest.RequireNoToken(t, upload(client)(ctx), resource)
		cancel()
		first.Wait()

		opts := azblob.ClientOptions{}
		opts.Transport = server.http
		bare, err := azblob.NewClient(server.url, tokens, &opts)
		require.NoError(t, err)
		err = upload(bare)(recipetest.Hang(t, azure))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		var noToken *aztoken.Error
		require.NotErrorAs(t, err, &noToken, "the SDK no longer hides why; simplify the recipe")
	})
	t.Run("the endpoint does not know the identity: the library's error, at once", func(t *testing.T) {
		t.Parallel()
		azure := recipetest.NewAzure(t, nil)
		azure.Break(imdstest.Status(http.StatusBadRequest))
		err := upload(server.connect(t, recipetest.NewClient(t, azure, recipetest.Known)))(t.Context())
		require.ErrorIs(t, err, aztoken.ErrIdentityNotFound)
		require.Equal(t, 1, azure.Count(), "the SDK asked again")
	})
}

func upload(client *azblob.Client) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := client.UploadBuffer(ctx, "orders", "order", []byte("an order"), nil)
		return err
	}
}
