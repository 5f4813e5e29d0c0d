// Jwx checks a token with jwx.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/lestrrat-go/httprc/v3"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jws"
	"github.com/lestrrat-go/jwx/v3/jwt"
)

func main() {
	ctx, url := context.Background(), "https://login.microsoftonline.com/"+os.Args[2]+"/discovery/keys"
	cache, err := jwk.NewCache(ctx, httprc.NewClient())
	if err != nil {
		log.Fatal(err)
	}
	if err := cache.Register(ctx, url); err != nil {
		log.Fatal(err)
	}
	keys, err := cache.CachedSet(url)
	if err != nil {
		log.Fatal(err)
	}
	token, err := jwt.Parse([]byte(os.Args[3]), jwt.WithKeySet(keys, jws.WithInferAlgorithmFromKey(true)), jwt.WithAudience(os.Args[1]))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(token.Subject())
}
