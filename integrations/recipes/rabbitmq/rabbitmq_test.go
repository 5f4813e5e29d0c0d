package rabbitmq_test

import (
	"context"
	"errors"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/integrations/recipes/internal/recipetest"
	"github.com/seed-ac726066/aztoken/integrations/recipes/rabbitmq"
)

func TestRabbitMQ(t *testing.T) {
	t.Parallel()
	entra := recipetest.NewAzure(t, rights) // the broker fetches its keys
	url := startBroker(t, entra)

	t.Run("roles are rights", func(t *testing.T) {
		conn := dial(t, url, recipetest.NewClient(t, entra, recipetest.Known))
		publish := publisher(t, conn, "orders-rights")
		require.NoError(t, publish(t.Context()))
		channel, err := conn.Channel()
		require.NoError(t, err)
		message, ok, err := channel.Get("orders-rights", true)
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, "an order", string(message.Body))
		_, err = channel.QueueDeclare("bills", false, false, false, false, nil)
		requireCode(t, err, amqp.AccessRefused, "a queue of others")
	})
	t.Run("the broker does not look at the issuer or the tenant", func(t *testing.T) {
		foreign := entra.Mint(resource, func(j *imdstest.JWT) {
			j.Claims["tid"], j.Claims["iss"] = "7e000000-0000-4000-8000-000000000009", "https://sts.windows.net/7e000000-0000-4000-8000-000000000009/"
			j.Claims["roles"] = rights[resource]
		})
		conn, err := rabbitmq.Dial(t.Context(), recipetest.NewHolder(t, foreign), resource, url)
		require.NoError(t, err, "it does now; mend the page")
		require.NoError(t, conn.Close())
	})
	t.Run("while Entra is down the broker checks tokens on", func(t *testing.T) {
		client := recipetest.NewClient(t, entra, recipetest.Known)
		entra.Issuer().Break(imdstest.Status(503))
		defer entra.Issuer().Recover()
		dial(t, url, client)
	})
	t.Run("the broker refuses a token: its error, and no token in it", func(t *testing.T) {
		t.Parallel()
		good := entra.Mint(resource)
		for why, client := range map[string]*aztoken.Client{
			"another identity": recipetest.NewClient(t, entra, recipetest.Other), // it has no roles
			"another audience": recipetest.NewHolder(t, entra.Mint("api://other.example.com")),
			"expired":          recipetest.NewHolder(t, entra.Mint(resource, func(j *imdstest.JWT) { j.Claims["exp"] = time.Now().Add(-time.Hour).Unix() })),
			"a bad signature":  recipetest.NewHolder(t, good[:len(good)-8]+"AAAAAAAA"),
			"no token at all":  recipetest.NewHolder(t, "no-token"),
		} {
			t.Run(why, func(t *testing.T) {
				t.Parallel() // because the broker is slow
				_, err := rabbitmq.Dial(t.Context(), client, resource, url)
				requireCode(t, err, amqp.AccessRefused, why)
				require.NotContains(t, err.Error(), recipetest.Token(t, client, resource).Value(), why)
			})
		}
	})
	t.Run("a rotation under load: a connection outlives its first token, and no message is lost", func(t *testing.T) {
		t.Parallel()
		client := recipetest.NewHolder(t, entra.Mint(resource, func(j *imdstest.JWT) {
			j.Claims["roles"], j.Claims["exp"] = rights[resource], time.Now().Add(10*time.Second).Unix()
		}), entra.Mint(resource, func(j *imdstest.JWT) { j.Claims["roles"] = rights[resource] }))
		first := recipetest.Token(t, client, resource)
		conn := dial(t, url, client)
		load := recipetest.StartLoad(t, 1, publisher(t, conn, "orders-rotation"))
		channel, err := unaware(t, url, first).Channel()
		require.NoError(t, err)
		recipetest.Rotate(t, client, resource)
		require.Eventually(t, func() bool {
			_, err = channel.QueueDeclare("orders-unaware", false, true, false, false, nil)
			return err != nil
		}, time.Minute, 50*time.Millisecond, "the broker takes no notice of a token's end")
		requireCode(t, err, amqp.AccessRefused, "a connection that hears of no new token")
		load.Await(t, 100)
		load.StopWell(t)
		require.False(t, conn.IsClosed())
	})
	t.Run("a rotation that fails under load: no message is lost", func(t *testing.T) {
		t.Parallel()
		azure := recipetest.NewAzure(t, rights)
		client := recipetest.NewClient(t, azure, recipetest.Known)
		load := recipetest.StartLoad(t, 1, publisher(t, dial(t, url, client), "orders-outage"))
		load.OutliveFailure(t, client, azure, resource, 100)
		require.NoError(t, publisher(t, dial(t, url, client), "orders-outage-too")(t.Context()), "a new connection")
	})
	t.Run("the broker refuses a new token: the connection says so", func(t *testing.T) {
		t.Parallel()
		client := recipetest.NewHolder(t, entra.Mint(resource), "password")
		conn, err := rabbitmq.Dial(t.Context(), client, resource, url)
		require.NoError(t, err)
		closed := conn.NotifyClose(make(chan *amqp.Error, 1))
		recipetest.Rotate(t, client, resource)
		require.Eventually(t, conn.IsClosed, 30*time.Second, 10*time.Millisecond)
		requireCode(t, <-closed, amqp.NotAllowed, "a new token")
	})
	t.Run("the endpoint hangs at the start: the library's error at the caller's deadline", func(t *testing.T) {
		t.Parallel()
		azure := recipetest.NewAzure(t, rights)
		_, err := rabbitmq.Dial(recipetest.Hang(t, azure), recipetest.NewClient(t, azure, recipetest.Known), resource, url)
		recipetest.RequireNoToken(t, err, resource)
	})
}

// dial connects with the recipe.
func dial(t *testing.T, url string, client *aztoken.Client) *amqp.Connection {
	t.Helper()
	conn, err := rabbitmq.Dial(t.Context(), client, resource, url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	return conn
}

// unaware returns a connection that gets no new tokens.
func unaware(t *testing.T, url string, token aztoken.Token) *amqp.Connection {
	t.Helper()
	conn, err := amqp.DialConfig(url, amqp.Config{SASL: []amqp.Authentication{&amqp.PlainAuth{Password: token.Value()}}})
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// publisher returns a function that sends a message to its own queue and waits until the broker has
// it.
func publisher(t *testing.T, conn *amqp.Connection, queue string) func(context.Context) error {
	t.Helper()
	channel, err := conn.Channel()
	require.NoError(t, err)
	require.NoError(t, channel.Confirm(false))
	_, err = channel.QueueDeclare(queue, false, true, false, false, nil)
	require.NoError(t, err)
	return func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		sent, err := channel.PublishWithDeferredConfirmWithContext(ctx, "", queue, true, false, amqp.Publishing{Body: []byte("an order")})
		if err != nil {
			return err
		}
		if ok, err := sent.WaitContext(ctx); err != nil || !ok {
			return errors.Join(errors.New("the broker does not have it"), err)
		}
		return nil
	}
}

// requireCode requires an error from the broker with the given code.
func requireCode(t *testing.T, err error, code int, why string) {
	t.Helper()
	var refused *amqp.Error
	require.ErrorAs(t, err, &refused, why)
	require.Equal(t, code, refused.Code, why)
}
