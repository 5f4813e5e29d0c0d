// Aztoken gets a token with it.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/seed-ac726066/aztoken"
)

func main() {
	client, err := aztoken.NewClient(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	token, err := client.Token(context.Background(), os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(token.Value()))
}
