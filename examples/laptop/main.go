// Laptop runs on a developer's machine, which has no managed identity: the token is the developer's
// own, of whoever is signed in with "az login". One line makes the difference to Azure, and a flag
// decides it; a program that tried the developer's credentials wherever the managed identity fails
// would hide an outage behind a strange identity.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/seed-ac726066/aztoken"
)

func main() {
	azure := flag.Bool("azure", false, "use the managed identity of this host")
	resource := flag.String("resource", "https://management.azure.com", "the `URI` to get a token for")
	flag.Parse()

	opts := &aztoken.Options{}
	if !*azure {
		cli, err := azidentity.NewAzureCLICredential(nil)
		if err != nil {
			log.Fatal(err)
		}
		opts.Credential = cli // the one line
	}
	client, err := aztoken.NewClient(opts)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	token, err := client.Token(ctx, *resource)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("a token for", token.Resource, "that expires", token.ExpiresOn.Local().Format(time.RFC1123))
}
