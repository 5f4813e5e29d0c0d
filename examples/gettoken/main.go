// Gettoken gets a token itself, for a client that takes a password or a header: a database driver,
// a message broker.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http/httptest"
	"time"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
)

const postgres = "https://ossrdbms-aad.database.windows.net"

func main() {
	endpoint := httptest.NewServer(imdstest.New(nil)) // Azure's part
	defer endpoint.Close()

	// On Azure: aztoken.NewClient(nil).
	client, err := aztoken.NewClient(&aztoken.Options{Endpoint: endpoint.URL})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	token, err := client.Token(ctx, postgres)
	switch {
	case errors.Is(err, aztoken.ErrNoManagedIdentity):
		log.Fatal("not on Azure: ", err)
	case err != nil:
		log.Fatal(err)
	}
	fmt.Println("printed, a token shows no secret:", token.Resource == postgres, len(token.Value()) > 0)
	if claims, err := token.UnverifiedClaims(); err == nil {
		fmt.Println("the user name is the object id:", claims.ObjectID)
	}

	// Drivers that ask for the password of each new connection take a function; see
	// client.TokenFunc.
	password := client.TokenFunc(postgres)
	secret, err := password(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("a password of the right length:", len(secret) == len(token.Value()))
}
