// Google keeps a token with cloud.google.com/go/auth that the program gets itself.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"
	"time"

	"cloud.google.com/go/auth"
)

type imds string

func (resource imds) Token(ctx context.Context) (*auth.Token, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://169.254.169.254/metadata/identity/oauth2/token?"+url.Values{"api-version": {"2018-02-01"}, "resource": {string(resource)}}.Encode(), nil)
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
	return &auth.Token{Value: reply.Value, Expiry: time.Unix(reply.Expires, 0)}, nil
}

func main() {
	token, err := auth.NewCachedTokenProvider(imds(os.Args[1]), nil).Token(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(token.Value))
}
