// Token gets a token with aztoken and does nothing else.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/seed-ac726066/aztoken"
)

func main() {
	client, err := aztoken.NewClient(nil)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	token, err := client.Token(context.Background(), os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(len(token.Value()))
}
