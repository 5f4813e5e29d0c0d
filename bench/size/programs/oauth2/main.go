// Oauth2 keeps a token with x/oauth2 that the program gets itself.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"
	"time"

	"golang.org/x/oauth2"
)

type imds string

func (resource imds) Token() (*oauth2.Token, error) {
	req, err := http.NewRequest(http.MethodGet, "http://169.254.169.254/metadata/identity/oauth2/token?"+url.Values{"api-version": {"2018-02-01"}, "resource": {string(resource)}}.Encode(), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Metadata", "true")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var reply struct {
		Value   string `json:"access_token"`
		Expires int64  `json:"expires_on,string"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&reply); err != nil {
		return nil, err
	}
	return &oauth2.Token{AccessToken: reply.Value, Expiry: time.Unix(reply.Expires, 0)}, nil
}

func main() {
	token, err := oauth2.ReuseTokenSource(nil, imds(os.Args[1])).Token()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(token.AccessToken))
}
