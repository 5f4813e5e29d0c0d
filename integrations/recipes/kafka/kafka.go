// Package kafka is the recipe for Kafka, including the Kafka endpoint of Event Hubs, with franz-go:
// SASL OAUTHBEARER with a token for each connection, and another one before the broker ends the
// session.
package kafka

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/oauth"

	"github.com/seed-ac726066/aztoken"
)

// tokenWait is how long a connection waits for a first token, because franz-go sets no deadline.
const tokenWait = 3 * time.Second

// SASL returns the client option that authenticates with tokens for resource, which for Event Hubs
// is "https://NAMESPACE.servicebus.windows.net".
func SASL(client *aztoken.Client, resource string) kgo.Opt {
	token := client.TokenFunc(resource)
	return kgo.SASL(oauth.Oauth(func(ctx context.Context) (a oauth.Auth, err error) {
		ctx, cancel := context.WithTimeout(ctx, tokenWait)
		defer cancel()
		a.Token, err = token(ctx)
		return a, err
	}))
}
