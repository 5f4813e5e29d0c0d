package redisstore_test

import (
	"crypto/rand"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/seed-ac726066/aztoken/integrations/redisstore"
	"github.com/seed-ac726066/aztoken/tokenstore"
)

// A fleet whose instances have the same key, from a secret of the platform.
func Example() {
	client := redis.NewClient(&redis.Options{Addr: "localhost:6379"})
	defer client.Close()
	key := make([]byte, tokenstore.KeySize)
	// In a service: os.ReadFile("/etc/orders/tokens.key"), the same on each instance.
	_, _ = rand.Read(key)

	store, err := tokenstore.New(redisstore.New(client, "orders:tokens:"), key)
	if err != nil {
		panic(err)
	}
	// client, err := aztoken.NewClient(&aztoken.Options{ID: aztoken.ClientID("…"), Store: store})
	fmt.Println("instances share their tokens:", store.Shared())
	fmt.Println("one of them asks for all:", store.Locks())
	// Output:
	// instances share their tokens: true
	// one of them asks for all: true
}
