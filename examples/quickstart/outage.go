package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
)

// inProcess carries requests to a handler without a network, so that no packet holds up the virtual
// clock.
type inProcess struct{ http.Handler }

func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	resp := w.Result()
	resp.Request = r
	return resp, nil
}

// outliveAnOutage calls a protected service once a minute for 60 hours, 12 of which are an outage.
// t fails if a call does.
func outliveAnOutage(t *testing.T, w io.Writer) {
	fmt.Fprintln(w, "\n60 hours in fast motion, a call a minute, tokens that live 24 h:")
	start := time.Now()
	say := func(what string) { fmt.Fprintf(w, "  %3.0f h  %s\n", time.Since(start).Hours(), what) }

	imds := imdstest.New(&imdstest.Options{Identities: theIdentities})
	defer imds.Close()
	service, stop, err := newService(imds)
	if err != nil {
		t.Fatal(err)
	}
	opts := &aztoken.Options{Endpoint: imds.URL, OnEvent: func(e aztoken.Event) {
		if e.Kind == aztoken.EventAcquired {
			say("a new token")
		}
	}}
	opts.Transport = imds
	client, err := aztoken.NewClient(opts)
	if err != nil {
		t.Fatal(err)
	}
	api := client.Wrap(&http.Client{Transport: inProcess{service}}, orders)
	calls, failed := 0, 0
	for minute := range 60 * 60 {
		switch minute {
		case 15 * 60:
			say("the identity endpoint and Entra ID go down")
			imds.Break(imdstest.Hang())
			imds.Issuer().Break(imdstest.Hang())
		case 27 * 60:
			say("they are back")
			imds.Recover()
			imds.Issuer().Recover()
		}
		calls++
		if resp, err := api.Get(orders + "/orders"); err != nil || resp.StatusCode != http.StatusOK {
			failed++
		}
		time.Sleep(time.Minute)
	}
	say(fmt.Sprintf("%d calls, %d failed, %d requests to the endpoint", calls, failed, imds.Count()))
	if err := errors.Join(client.Close(), stop()); err != nil {
		t.Error(err)
	}
	if failed > 0 {
		t.Errorf("%d calls failed", failed)
	}
}
