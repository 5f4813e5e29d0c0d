// Package redis is the recipe for Redis with go-redis: the user name is the identity's object id,
// and the password is a token. With [Credentials], open connections authenticate again with each
// new token. With [Login], only new connections use the new token.
package redis

import (
	"context"
	"sync"
	"time"

	"github.com/redis/go-redis/v9/auth"

	"github.com/seed-ac726066/aztoken"
)

// Credentials provides the tokens of Client for Resource. Use it as
// Options.StreamingCredentialsProvider.
type Credentials struct {
	Client   *aztoken.Client
	Resource string // "https://redis.azure.com" for Azure's caches

	stops sync.Map // functions that end subscriptions, by listener
}

// tokenWait is how long a connection waits for a first token, because go-redis does not pass on the
// caller's deadline.
const tokenWait = 3 * time.Second

// Subscribe implements [auth.StreamingCredentialsProvider].
func (c *Credentials) Subscribe(to auth.CredentialsListener) (auth.Credentials, auth.UnsubscribeFunc, error) {
	unsubscribe := func() error {
		if stop, ok := c.stops.LoadAndDelete(to); ok {
			stop.(func())()
		}
		return nil
	}
	_ = unsubscribe() // a connection that is reinitialized subscribes again
	c.stops.Store(to, c.Client.OnRotate(c.Resource, func(t aztoken.Token) {
		if login, err := login(t); err == nil {
			to.OnNext(login)
		}
	}))
	ctx, cancel := context.WithTimeout(context.Background(), tokenWait)
	defer cancel()
	first, err := c.Client.Token(ctx, c.Resource)
	if err == nil {
		var current auth.Credentials
		if current, err = login(first); err == nil {
			return current, unsubscribe, nil
		}
	}
	_ = unsubscribe()
	return nil, nil, err
}

// Login returns an Options.CredentialsProviderContext. A new connection authenticates with the
// current token; an open one does not authenticate again. If the server closes a connection when
// its token expires, set Options.ConnMaxLifetime to a third of a token's life.
func Login(client *aztoken.Client, resource string) func(context.Context) (user, password string, err error) {
	return func(ctx context.Context) (user, password string, err error) {
		t, err := client.Token(ctx, resource)
		if err != nil {
			return "", "", err
		}
		current, err := login(t)
		if err != nil {
			return "", "", err
		}
		user, password = current.BasicAuth()
		return user, password, nil
	}
}

// login returns the user name and password for a token.
func login(t aztoken.Token) (auth.Credentials, error) {
	claims, err := t.UnverifiedClaims()
	if err != nil {
		return nil, err
	}
	return auth.NewBasicCredentials(claims.ObjectID, t.Value()), nil
}
