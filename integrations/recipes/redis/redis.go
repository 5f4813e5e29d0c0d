// Package redis is the recipe for Redis with go-redis: the user name is the identity's object id,
// and the password a token. With [Credentials] connections that are open authenticate again with
// each new one, with [Login] only new ones do.
package redis

import (
	"context"
	"sync"
	"time"

	"github.com/redis/go-redis/v9/auth"

	"github.com/seed-ac726066/aztoken"
)

// Credentials are the tokens of Client for Resource, as Options.StreamingCredentialsProvider.
type Credentials struct {
	Client   *aztoken.Client
	Resource string // "https://redis.azure.com" for those of Azure

	stops sync.Map // by listener, how its subscription is ended
}

// tokenWait is how long a connection waits for a first token: go-redis does not say how long its
// caller would.
const tokenWait = 3 * time.Second

// Subscribe implements [auth.StreamingCredentialsProvider].
func (c *Credentials) Subscribe(to auth.CredentialsListener) (auth.Credentials, auth.UnsubscribeFunc, error) {
	unsubscribe := func() error {
		if stop, ok := c.stops.LoadAndDelete(to); ok {
			stop.(func())()
		}
		return nil
	}
	_ = unsubscribe() // a connection that begins anew subscribes again
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

// Login returns an Options.CredentialsProviderContext: a new connection authenticates with the token
// of the moment, and one that is open not again. Set Options.ConnMaxLifetime to a third of a
// token's life where the server ends a connection with its token.
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

// login returns the user name and the password that a token stands for.
func login(t aztoken.Token) (auth.Credentials, error) {
	claims, err := t.UnverifiedClaims()
	if err != nil {
		return nil, err
	}
	return auth.NewBasicCredentials(claims.ObjectID, t.Value()), nil
}
