package kafka_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/integrations/recipes/internal/recipetest"
	"github.com/seed-ac726066/aztoken/integrations/recipes/kafka"
)

func TestKafka(t *testing.T) {
	t.Parallel()
	entra := recipetest.NewAzure(t, nil) // the broker knows its keys
	server := startBroker(t, entra)

	t.Run("the identity comes in", func(t *testing.T) {
		t.Parallel()
		client := server.connect(t, recipetest.NewClient(t, entra, recipetest.Known), kgo.ConsumeTopics("orders"))
		require.NoError(t, produce(client)(t.Context()))
		fetches := client.PollFetches(t.Context())
		require.NoError(t, fetches.Err())
		require.Equal(t, "an order", string(fetches.Records()[0].Value))
	})
	t.Run("the broker refuses a token: its error, and no token in it", func(t *testing.T) {
		t.Parallel()
		for why, tokens := range map[string]*aztoken.Client{
			"another identity": recipetest.NewClient(t, entra, recipetest.Other),
			"another audience": recipetest.NewHolder(t, entra.Mint("https://other.servicebus.windows.net")),
			"expired":          recipetest.NewHolder(t, entra.Mint(resource, func(j *imdstest.JWT) { j.Claims["exp"] = time.Now().Add(-time.Hour).Unix() })),
			"no token at all":  recipetest.NewHolder(t, "no-token"),
		} {
			client := server.connect(t, tokens)
			err := client.Ping(t.Context())
			require.ErrorIs(t, err, kerr.SaslAuthenticationFailed, why)
			require.NotContains(t, err.Error(), recipetest.Token(t, tokens, resource).Value(), why)

			ctx, cancel := context.WithTimeout(t.Context(), recipetest.Patience)
			err = produce(client)(ctx)
			cancel()
			require.ErrorIs(t, err, context.DeadlineExceeded, why)
			require.NotErrorIs(t, err, kerr.SaslAuthenticationFailed, "franz-go no longer hides why; mend the page")
		}
	})
	t.Run("rotations under load: connections outlive their tokens, and no record is lost", func(t *testing.T) {
		t.Parallel()
		azure := recipetest.NewShortAzure(t, nil)
		tokens := recipetest.NewClient(t, azure, recipetest.Known)
		first := recipetest.Token(t, tokens, resource)
		client := server.connect(t, tokens)
		load := recipetest.StartLoad(t, 4, produce(client))
		load.OutliveToken(t, azure, first, 100)
	})
	t.Run("a rotation that fails under load: no record is lost", func(t *testing.T) {
		t.Parallel()
		azure := recipetest.NewAzure(t, nil)
		tokens := recipetest.NewClient(t, azure, recipetest.Known)
		load := recipetest.StartLoad(t, 4, produce(server.connect(t, tokens)))
		load.OutliveFailure(t, tokens, azure, resource, 100)
		require.NoError(t, produce(server.connect(t, tokens))(t.Context()), "a new connection")
	})
	t.Run("the endpoint hangs at the start: the library's error", func(t *testing.T) {
		t.Parallel()
		azure := recipetest.NewAzure(t, nil)
		tokens := recipetest.NewClient(t, azure, recipetest.Known)
		recipetest.RequireNoToken(t, tokens.Warm(recipetest.Hang(t, azure), resource), resource)

		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		recipetest.RequireNoToken(t, server.connect(t, tokens).Ping(ctx), resource)

		ctx, cancel = context.WithTimeout(t.Context(), recipetest.Patience)
		defer cancel()
		err := produce(server.connect(t, tokens))(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		var noToken *aztoken.Error
		require.NotErrorAs(t, err, &noToken, "franz-go no longer hides why; mend the page")
	})
}

func (b *broker) connect(t *testing.T, tokens *aztoken.Client, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	client, err := kgo.NewClient(append(opts, kgo.SeedBrokers(b.addrs...), kafka.SASL(tokens, resource))...)
	require.NoError(t, err)
	t.Cleanup(client.Close)
	return client
}

func produce(client *kgo.Client) func(context.Context) error {
	return func(ctx context.Context) error {
		return client.ProduceSync(ctx, &kgo.Record{Topic: "orders", Value: []byte("an order")}).FirstErr()
	}
}
