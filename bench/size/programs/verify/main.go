// Verify checks a token with aztoken's package verify.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/seed-ac726066/aztoken/verify"
)

func main() {
	verifier, err := verify.New(&verify.Options{Audiences: os.Args[1:2], Tenants: os.Args[2:3]})
	if err != nil {
		log.Fatal(err)
	}
	defer verifier.Close()
	claims, err := verifier.Verify(context.Background(), os.Args[3])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(claims.Roles)
}
