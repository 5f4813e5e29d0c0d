// Bare gets a token with the standard library alone and keeps nothing: the floor of what a program
// weighs that can make a request.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"
)

func main() {
	req, err := http.NewRequest(http.MethodGet, "http://169.254.169.254/metadata/identity/oauth2/token?"+url.Values{"api-version": {"2018-02-01"}, "resource": os.Args[1:2]}.Encode(), nil)
	if err != nil {
		log.Fatal(err)
	}
	req.Header.Set("Metadata", "true")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	var reply struct {
		Value string `json:"access_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&reply); err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(reply.Value))
}
