// Gojose checks a token with go-jose.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"os"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

func main() {
	resp, err := http.Get("https://login.microsoftonline.com/" + os.Args[2] + "/discovery/keys")
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	var keys jose.JSONWebKeySet
	if err := json.NewDecoder(resp.Body).Decode(&keys); err != nil {
		log.Fatal(err)
	}
	token, err := jwt.ParseSigned(os.Args[3], []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		log.Fatal(err)
	}
	var claims jwt.Claims
	if err := token.Claims(&keys, &claims); err != nil {
		log.Fatal(err)
	}
	fmt.Println(claims.Subject, claims.Validate(jwt.Expected{AnyAudience: os.Args[1:2]}))
}
