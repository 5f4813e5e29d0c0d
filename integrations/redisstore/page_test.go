package redisstore_test

import (
	"crypto/tls"

	"github.com/redis/go-redis/v9"

	"github.com/seed-ac726066/aztoken/integrations/redisstore"
	"github.com/seed-ac726066/aztoken/tokenstore"
)

// The code that docs/store.md shows. It is compiled but never runs.
var _ = func(password string, key []byte) {
	client := redis.NewClient(&redis.Options{
		Addr: "redis.internal:6380", Username: "orders", Password: password,
		TLSConfig: &tls.Config{MinVersion: tls.VersionTLS12},
	})
	store, err := tokenstore.New(redisstore.New(client, "orders:tokens:"), key)
	_, _ = store, err
}
