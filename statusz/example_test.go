package statusz_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/statusz"
	"github.com/seed-ac726066/aztoken/verify"
)

func ExampleHandler() {
	imds := httptest.NewServer(imdstest.New(nil)) // on Azure the machine has one
	defer imds.Close()
	client, err := aztoken.NewClient(&aztoken.Options{Endpoint: imds.URL})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	if _, err := client.Token(context.Background(), "https://vault.azure.net"); err != nil {
		log.Fatal(err)
	}

	mux := http.NewServeMux()
	mux.Handle("GET /statusz", statusz.Handler(&statusz.Options{Client: client, Title: "orders-worker"}))
	internal := httptest.NewServer(mux) // only operators can reach it
	defer internal.Close()

	request, err := http.NewRequest(http.MethodGet, internal.URL+"/statusz", nil)
	if err != nil {
		log.Fatal(err)
	}
	request.Header.Set("Accept", "application/json") // without it the answer is the page
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		log.Fatal(err)
	}
	defer answer.Body.Close()
	var page struct {
		Level   string
		Clients []struct {
			Resources []struct {
				Resource  string
				State     string
				CoverLeft float64 `json:"cover_left_seconds"`
			}
		}
	}
	if err := json.NewDecoder(answer.Body).Decode(&page); err != nil {
		log.Fatal(err)
	}
	token := page.Clients[0].Resources[0]
	fmt.Printf("%s: the token for %s is %s, for %.0f h\n", page.Level, token.Resource, token.State, token.CoverLeft/3600)
	// Output: ok: the token for https://vault.azure.net is valid, for 24 h
}

// A service shows the tokens that it sends, and the keys with which it checks those that it
// receives.
func Example() {
	imds := imdstest.New(nil) // on Azure the machine has one
	opts := aztoken.Options{Endpoint: imds.URL}
	opts.Transport = imds
	client, err := aztoken.NewClient(&opts)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	verifier, err := verify.New(imds.VerifierOptions(&verify.Options{Audiences: []string{"https://orders.example.com"}}))
	if err != nil {
		log.Fatal(err)
	}
	defer verifier.Close()

	page := statusz.Handler(&statusz.Options{Client: client, Verifier: verifier, Title: "orders"})
	answer := httptest.NewRecorder()
	page.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/statusz", nil))
	fmt.Println(answer.Code, answer.Header().Get("Content-Type"))
	// Output: 200 text/html; charset=utf-8
}
