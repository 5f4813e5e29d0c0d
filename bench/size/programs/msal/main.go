// Msal gets a token with it.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/managedidentity"
)

func main() {
	client, err := managedidentity.New(managedidentity.SystemAssigned())
	if err != nil {
		log.Fatal(err)
	}
	result, err := client.AcquireToken(context.Background(), os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(result.AccessToken))
}
