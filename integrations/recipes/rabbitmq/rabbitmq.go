// Package rabbitmq is the recipe for RabbitMQ with its OAuth 2 plugin: a token is the password, and
// an open connection gets each new token.
package rabbitmq

import (
	"context"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/seed-ac726066/aztoken"
)

// Dial connects with a token for resource and sends each new token over the connection while it is
// open. If RabbitMQ refuses a new token, it closes the connection and NotifyClose reports why.
func Dial(ctx context.Context, client *aztoken.Client, resource, url string) (*amqp.Connection, error) {
	first, err := client.Token(ctx, resource)
	if err != nil {
		return nil, err
	}
	conn, err := amqp.DialConfig(url, amqp.Config{SASL: []amqp.Authentication{&amqp.PlainAuth{Password: first.Value()}}})
	if err != nil {
		return nil, err
	}
	update := func(t aztoken.Token) { _ = conn.UpdateSecret(t.Value(), "a new token") }
	stop := client.OnRotate(resource, update)
	closed := conn.NotifyClose(make(chan *amqp.Error, 1))
	go func() {
		<-closed
		stop()
	}()
	if now, err := client.Token(ctx, resource); err == nil && now.Value() != first.Value() {
		update(now) // a new token arrived while connecting
	}
	return conn, nil
}
