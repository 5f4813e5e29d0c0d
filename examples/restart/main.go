// Restart is a service that is killed and started again every hour, also in an outage of 12 hours
// of the identity endpoint, in fast motion: once without a token store and once with one. Each
// start is a new client; the only thing that one process leaves to the next is the directory.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"testing"
	"time"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/tokenstore"
)

// orders is the App ID URI of the service that the program calls.
const orders = "https://orders.example.com"

func main() {
	dir, err := os.MkdirTemp("", "restart-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	// The program ends within inFastMotion, so the directory is removed in there.
	inFastMotion(func(t *testing.T) {
		defer os.RemoveAll(dir)
		without := liveOn(t, os.Stdout, "without a store", nil)
		// With a key from elsewhere: tokenstore.New(tokenstore.Dir(dir), key).
		store, err := tokenstore.New(tokenstore.Dir(dir))
		if err != nil {
			t.Fatal(err)
		}
		with := liveOn(t, os.Stdout, "with a store", store)
		if with.failed > 0 || without.failed == 0 {
			t.Errorf("%d calls failed with the store, %d without", with.failed, without.failed)
		}
	})
}

type tally struct{ starts, calls, failed int }

// liveOn starts the program every hour for two days, of which 12 hours are an outage.
func liveOn(t *testing.T, w io.Writer, title string, store *tokenstore.Store) (all tally) {
	fmt.Fprintf(w, "48 hours in fast motion, killed and started again every hour, a call a minute, %s:\n", title)
	begin := time.Now()
	say := func(what string) { fmt.Fprintf(w, "  %3.0f h  %s\n", time.Since(begin).Hours(), what) }
	imds := imdstest.New(&imdstest.Options{MintAfter: -1})
	defer imds.Close()
	for hour := range 48 {
		switch hour {
		case 15:
			say("the identity endpoint goes down")
			imds.Break(imdstest.Status(503))
		case 27:
			say("it is back")
			imds.Recover()
		}
		before := all.failed
		all.starts++
		if err := program(imds, store, &all); err != nil {
			t.Error(err)
		}
		if failed := all.failed - before; failed > 0 {
			say(fmt.Sprintf("%d calls of this hour failed", failed))
		}
	}
	say(fmt.Sprintf("%d starts, %d calls, %d failed, %d requests to the endpoint", all.starts, all.calls, all.failed, imds.Count()))
	return all
}

// program is one life of the program: it asks for a token each minute for an hour, and is killed.
func program(imds *imdstest.Server, store *tokenstore.Store, all *tally) (err error) {
	opts := &aztoken.Options{
		// A store works best with an explicit identity.
		ID:    aztoken.ClientID(imdstest.DefaultClientID),
		Store: store, Endpoint: imds.URL,
	}
	opts.Transport = imds
	client, err := aztoken.NewClient(opts)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	next := time.Now()
	for range 60 {
		all.calls++
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		if _, err := client.Token(ctx, orders); err != nil {
			all.failed++
		}
		cancel()
		next = next.Add(time.Minute)
		time.Sleep(time.Until(next))
	}
	return nil
}
