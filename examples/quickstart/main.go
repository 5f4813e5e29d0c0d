// Quickstart runs the main job of aztoken on any machine: it starts a fake identity endpoint and a
// protected service, calls the service through a wrapped http.Client, and goes on calling it
// through an outage of 12 hours, in fast motion.
//
// With -resource URI it starts nothing and gets a token from the identity endpoint of the host that
// it runs on.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
)

// orders is the App ID URI of the protected service of this program.
const orders = "https://orders.example.com"

func main() {
	flags := flag.NewFlagSet("quickstart", flag.ExitOnError)
	resource := flags.String("resource", "", "get a token for this `URI` from the host's own identity endpoint, and start nothing")
	_ = flags.Parse(os.Args[1:]) // ExitOnError
	var err error
	if *resource != "" {
		err = onTheHost(os.Stdout, *resource)
	} else {
		err = callAProtectedService(os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if *resource == "" {
		inFastMotion(func(t *testing.T) { outliveAnOutage(t, os.Stdout) })
	}
}

// theIdentities are those of the fake machine: one with the role that the service wants, and one
// without.
var theIdentities = []imdstest.Identity{
	{SystemAssigned: true, Roles: map[string][]string{orders: {"consumer"}}},
	{},
}

func callAProtectedService(w io.Writer) (err error) {
	imds := imdstest.New(&imdstest.Options{Identities: theIdentities})
	endpoint := httptest.NewServer(imds)
	defer endpoint.Close()
	service, stop, err := newService(imds)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	listening := httptest.NewServer(service)
	defer listening.Close()
	fmt.Fprintln(w, "A fake identity endpoint and a protected service are running.")

	// On Azure: aztoken.NewClient(nil).
	consumer, err := aztoken.NewClient(&aztoken.Options{Endpoint: endpoint.URL})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, consumer.Close()) }()
	stranger, err := aztoken.NewClient(&aztoken.Options{Endpoint: endpoint.URL, ID: aztoken.ClientID("c0000000-0000-4000-8000-000000000002")})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stranger.Close()) }()
	for _, caller := range []struct {
		name string
		*http.Client
	}{
		{"without a token", http.DefaultClient},
		{"by an identity without the role", stranger.Wrap(nil, orders)},
		{"by an identity with the role", consumer.Wrap(nil, orders)},
	} {
		resp, err := caller.Get(listening.URL + "/orders")
		if err != nil {
			return err
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			return err
		}
		_ = resp.Body.Close()
		fmt.Fprintf(w, "GET /orders %-31s → %s: %s\n", caller.name, resp.Status, strings.TrimSpace(string(body)))
	}
	return nil
}

func onTheHost(w io.Writer, resource string) error {
	client, err := aztoken.NewClient(nil)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	token, err := client.Token(ctx, resource)
	if err != nil {
		return errors.Join(err, client.Close())
	}
	fmt.Fprintf(w, "%s gave a token for %s.\nIt expires %s and is refreshed from %s on.\n", client.Status().Host, token.Resource,
		token.ExpiresOn.Local().Format(time.RFC1123), token.RefreshOn.Local().Format(time.RFC1123))
	if claims, err := token.UnverifiedClaims(); err == nil {
		fmt.Fprintf(w, "It is for the identity with object id %s and client id %s, with roles %q.\n", claims.ObjectID, claims.ClientID, claims.Roles)
	}
	return client.Close()
}
