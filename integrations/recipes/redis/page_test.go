package redis

import (
	"crypto/tls"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/seed-ac726066/aztoken"
)

// How docs/recipes/redis.md uses the recipes. It is compiled but never runs.
var _ = func(client *aztoken.Client, resource string) {
	redis.NewClient(&redis.Options{CredentialsProviderContext: Login(client, resource), ConnMaxLifetime: 8 * time.Hour, TLSConfig: &tls.Config{}})
	redis.NewClient(&redis.Options{StreamingCredentialsProvider: &Credentials{Client: client, Resource: resource}, TLSConfig: &tls.Config{}})
}
