// Golangjwt checks a token with golang-jwt and keyfunc.
package main

import (
	"fmt"
	"log"
	"os"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
)

func main() {
	keys, err := keyfunc.NewDefault([]string{"https://login.microsoftonline.com/" + os.Args[2] + "/discovery/keys"})
	if err != nil {
		log.Fatal(err)
	}
	token, err := jwt.Parse(os.Args[3], keys.Keyfunc, jwt.WithValidMethods([]string{"RS256"}), jwt.WithAudience(os.Args[1]))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(token.Claims.GetSubject())
}
