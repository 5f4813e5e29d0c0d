// Httpclient calls a protected service with a wrapped http.Client, and with a Transport of its own
// where the defaults do not fit.
package main

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/verify"
)

const orders = "https://orders.example.com"

func main() {
	// A real program has these on Azure: an identity endpoint, and a service that requires tokens.
	imds := imdstest.New(&imdstest.Options{Identities: []imdstest.Identity{
		{SystemAssigned: true, Roles: map[string][]string{orders: {"consumer"}}},
	}})
	endpoint := httptest.NewServer(imds)
	defer endpoint.Close()
	verifier, err := verify.New(imds.VerifierOptions(&verify.Options{Audiences: []string{orders}}))
	if err != nil {
		log.Fatal(err)
	}
	defer verifier.Close()
	service := httptest.NewServer(verifier.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "hello from", r.URL.Path)
	}), verify.Role("consumer")))
	defer service.Close()

	// On Azure: aztoken.NewClient(nil).
	client, err := aztoken.NewClient(&aztoken.Options{Endpoint: endpoint.URL})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	// The one line.
	api := client.Wrap(&http.Client{Timeout: 10 * time.Second}, orders)
	get(api, service.URL+"/wrapped")

	// With further settings: a base of its own, and a host that a redirect may take the token to.
	custom := &http.Client{Transport: &aztoken.Transport{
		Client:        client,
		Resource:      orders,
		Base:          &http.Transport{MaxIdleConnsPerHost: 100},
		RedirectHosts: []string{"orders-eu.example.com"},
	}}
	get(custom, service.URL+"/custom")
}

func get(hc *http.Client, url string) {
	resp, err := hc.Get(url)
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s: %s", resp.Status, body)
}
