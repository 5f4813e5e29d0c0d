// Azuresdk uses the client as the credential of an Azure SDK client. Every SDK client takes it
// where it takes one of azidentity's: azblob.NewClient(url, client, nil). This one is built from
// azcore alone, as they all are.
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
)

const storage = "https://storage.azure.com"

// blobs is a client as the SDK makes them: a pipeline that authenticates with a credential.
type blobs struct {
	pipeline runtime.Pipeline
	url      string
}

func newBlobs(url string, credential azcore.TokenCredential, opts *policy.ClientOptions) blobs {
	return blobs{url: url, pipeline: runtime.NewPipeline("blobs", "v1.0.0", runtime.PipelineOptions{
		PerRetry: []policy.Policy{runtime.NewBearerTokenPolicy(credential, []string{storage + "/.default"}, nil)},
	}, opts)}
}

func (b blobs) get(ctx context.Context, name string) (string, error) {
	req, err := runtime.NewRequest(ctx, http.MethodGet, b.url+"/"+name)
	if err != nil {
		return "", err
	}
	resp, err := b.pipeline.Do(req)
	if err != nil {
		return "", err
	}
	if !runtime.HasStatusCode(resp, http.StatusOK) {
		return "", runtime.NewResponseError(resp)
	}
	body, err := runtime.Payload(resp)
	return string(body), err
}

func main() {
	// Azure's part: an identity endpoint and an account that asks for tokens, over TLS as the SDK
	// demands.
	imds := imdstest.New(nil)
	endpoint := httptest.NewServer(imds)
	defer endpoint.Close()
	account := httptest.NewTLSServer(imds.Protect(storage, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "the content of ", r.URL.Path)
	})))
	defer account.Close()

	// On Azure: aztoken.NewClient(nil).
	client, err := aztoken.NewClient(&aztoken.Options{Endpoint: endpoint.URL})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	b := newBlobs(account.URL, client, &policy.ClientOptions{Transport: account.Client()})
	content, err := b.get(context.Background(), "reports/today")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(content)
}
