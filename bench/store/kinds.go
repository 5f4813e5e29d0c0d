package main

import (
	"net/http"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/bench/internal/peers"
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/tokenstore"
)

// A kind is a library with or without a store.
type kind struct {
	name   string
	stored bool // aztoken with a store
	peers.Library
}

// kinds are the kinds that are compared.
func kinds() []kind {
	return []kind{
		{"aztoken with a store", true, peers.Aztoken()},
		{"aztoken", false, peers.Aztoken()},
		{"azidentity", false, peers.Azidentity()},
	}
}

// start returns a client as it is in a newly started process. MSAL, under azidentity, keeps the
// tokens of the whole process, so each simulated process uses a different resource with it;
// otherwise it would not start without a token.
func (k kind) start(imds *imdstest.Server, b tokenstore.Backend, life string) (peers.Client, error) {
	const resource = "https://orders.example.com"
	if !k.stored {
		return k.New(peers.Endpoint{Transport: imds, Resource: resource + "/" + life})
	}
	store, err := tokenstore.New(b, make([]byte, tokenstore.KeySize))
	if err != nil {
		return nil, err
	}
	opts := &aztoken.Options{
		ID:     aztoken.ClientID(imdstest.DefaultClientID),
		Getenv: func(string) string { return "" }, // IMDS, wherever this runs
		Store:  store,
	}
	opts.Transport = &http.Client{Transport: imds}
	return peers.NewAztoken(opts, resource)
}
