// Package rabbitmq is the recipe for RabbitMQ with its OAuth 2 plugin: a token is the password, and
// a connection that is open is told of each new one.
package rabbitmq

import (
	"context"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/seed-ac726066/aztoken"
)

// Dial connects with a token for resource, and sends each new one over the connection while that is
// open. A new one that RabbitMQ refuses closes the connection, as NotifyClose says.
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
		update(now) // it came while the connection was made
	}
	return conn, nil
}
