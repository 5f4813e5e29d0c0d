package kafka

import (
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/seed-ac726066/aztoken"
)

// How docs/recipes/kafka.md uses the recipe. It is compiled but never runs.
var _ = func(client *aztoken.Client) {
	kgo.NewClient(kgo.SeedBrokers("orders.servicebus.windows.net:9093"), kgo.DialTLS(), SASL(client, "https://orders.servicebus.windows.net"))
}
