package main

import (
	"fmt"
	"net/http"

	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/verify"
)

// newService returns the service that is called, which accepts callers with the role consumer.
func newService(imds *imdstest.Server) (service http.Handler, stop func() error, err error) {
	// In a real service: verify.New(&verify.Options{Audiences: []string{orders}, Tenants:
	// []string{"<your tenant>"}})
	verifier, err := verify.New(imds.VerifierOptions(&verify.Options{Audiences: []string{orders}}))
	if err != nil {
		return nil, nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /orders", verifier.Handler(http.HandlerFunc(list), verify.Role("consumer")))
	return mux, verifier.Close, nil
}

func list(w http.ResponseWriter, r *http.Request) {
	claims, _ := verify.FromContext(r.Context())
	fmt.Fprintf(w, "3 orders for %s", claims.ObjectID)
}
