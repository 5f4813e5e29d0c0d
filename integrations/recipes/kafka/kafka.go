// Package kafka is the recipe for Kafka with franz-go, as Event Hubs speaks it too: SASL OAUTHBEARER
// with a token for each connection, and another before the broker ends its session.
package kafka

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/oauth"

	"github.com/seed-ac726066/aztoken"
)

// tokenWait is how long a connection waits for a first token: franz-go sets no deadline.
const tokenWait = 3 * time.Second

// SASL returns the option of a client that authenticates with tokens for resource, which for Event
// Hubs is "https://NAMESPACE.servicebus.windows.net".
func SASL(client *aztoken.Client, resource string) kgo.Opt {
	token := client.TokenFunc(resource)
	return kgo.SASL(oauth.Oauth(func(ctx context.Context) (a oauth.Auth, err error) {
		ctx, cancel := context.WithTimeout(ctx, tokenWait)
		defer cancel()
		a.Token, err = token(ctx)
		return a, err
	}))
}
