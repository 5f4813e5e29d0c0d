// Laptop is a program that runs unchanged on Azure, as the managed identity of its host, and on a
// developer's machine, as whoever is signed in there. The variable that azidentity's default
// credential reads decides:
//
//	AZURE_TOKEN_CREDENTIALS=prod   the managed identity: set it in production
//	AZURE_TOKEN_CREDENTIALS=dev    the developer's sign-in (Azure CLI, Developer CLI, PowerShell)
//	unset                          a chain of both; finding no managed identity takes ten seconds
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/seed-ac726066/aztoken"
)

func main() {
	resource := flag.String("resource", "https://management.azure.com", "the `URI` to get a token for")
	flag.Parse()
	if err := run(*resource); err != nil {
		log.Fatal(err)
	}
}

func run(resource string) error {
	identity, err := newIdentity()
	if err != nil {
		return err
	}
	defer identity.Close()
	client, err := newClient(identity)
	if err != nil {
		return err
	}
	defer client.Close()

	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	token, err := client.Token(ctx, resource)
	if err != nil {
		return err
	}
	fmt.Println("a token for", token.Resource, "that expires", token.ExpiresOn.Local().Format(time.RFC1123))
	return nil
}

// newIdentity returns a client of the host's managed identity: the one that AZURE_CLIENT_ID names,
// if it is set, as with azidentity's default credential.
func newIdentity() (*aztoken.Client, error) {
	opts := &aztoken.Options{}
	if id := os.Getenv("AZURE_CLIENT_ID"); id != "" {
		opts.ID = aztoken.ClientID(id)
	}
	return aztoken.NewClient(opts)
}

// newClient returns the client that the program uses: identity, or one that caches the tokens of
// another credential.
func newClient(identity *aztoken.Client) (*aztoken.Client, error) {
	var credential azcore.TokenCredential
	var err error
	switch strings.ToLower(os.Getenv("AZURE_TOKEN_CREDENTIALS")) {
	case "prod", "managedidentitycredential", "workloadidentitycredential":
		return identity, nil
	case "":
		credential, err = newChain(identity)
	default: // dev, or the name of another credential
		credential, err = azidentity.NewDefaultAzureCredential(nil) // also reads the variable
	}
	if err != nil {
		return nil, err
	}
	return aztoken.NewClient(&aztoken.Options{Credential: credential})
}
