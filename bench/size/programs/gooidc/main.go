// Gooidc checks a token with go-oidc.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/coreos/go-oidc/v3/oidc"
)

func main() {
	ctx := context.Background()
	keys := oidc.NewRemoteKeySet(ctx, "https://login.microsoftonline.com/"+os.Args[2]+"/discovery/keys")
	verifier := oidc.NewVerifier("https://sts.windows.net/"+os.Args[2]+"/", keys, &oidc.Config{ClientID: os.Args[1]})
	token, err := verifier.Verify(ctx, os.Args[3])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(token.Subject)
}
