// Azcore gets a token with azcore's pipeline alone and keeps nothing: what every program with an
// Azure SDK client has in it.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

func main() {
	client, err := azcore.NewClient("azcore", "v1.0.0", runtime.PipelineOptions{}, &azcore.ClientOptions{Transport: http.DefaultClient})
	if err != nil {
		log.Fatal(err)
	}
	req, err := runtime.NewRequest(context.Background(), http.MethodGet, "http://169.254.169.254/metadata/identity/oauth2/token?"+url.Values{"api-version": {"2018-02-01"}, "resource": os.Args[1:2]}.Encode())
	if err != nil {
		log.Fatal(err)
	}
	req.Raw().Header.Set("Metadata", "true")
	resp, err := client.Pipeline().Do(req)
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
