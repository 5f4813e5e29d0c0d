package imdstest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/seed-ac726066/aztoken/imdstest"
)

// seen is what a client sees of an answer.
func seen(response *http.Response, err error) string {
	switch {
	case errors.Is(err, io.EOF):
		return "a connection that was closed"
	case err != nil:
		return "a connection that was refused"
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	what := response.Status
	if after := response.Header.Get("Retry-After"); after != "" {
		what += ", Retry-After " + after
	}
	switch {
	case err != nil:
		return what + ", and half of a body"
	case response.Header.Get("Location") != "":
		return what + " to " + response.Header.Get("Location")
	case len(body) > 1<<16:
		return fmt.Sprintf("%s, %d bytes", what, len(body))
	case strings.Contains(string(body), "<html"):
		return what + ", a page of HTML"
	case strings.Contains(string(body), "AADSTS501051"):
		return what + ", AADSTS501051"
	}
	return what
}

// What a client of IMDS sees of each fault that has an end.
func ExampleFault() {
	imds := imdstest.New(nil)
	for _, fault := range []imdstest.Fault{
		imdstest.OK(), imdstest.Slow(time.Millisecond), imdstest.SlowBody(time.Millisecond),
		imdstest.Status(429).WithRetryAfter(time.Minute), imdstest.Error(403, "access_denied", "a policy denies it"),
		imdstest.EntraDown(), imdstest.EntraRefuses(501051, "Application 'x' is not assigned to a role."),
		imdstest.NoDefaultIdentity(), imdstest.NotBound(), imdstest.EC2(), imdstest.GCE(),
		imdstest.Refused(), imdstest.Closed(), imdstest.NotJSON(), imdstest.Body(200, "application/json", "[]"),
		imdstest.Truncated(), imdstest.Huge(1 << 20), imdstest.Redirect("https://else.example"),
	} {
		imds.Break(fault)
		// The platform has no token for this resource yet.
		resource := "https://" + url.PathEscape(fault.String()) + ".example"
		response, err := imds.RoundTrip(tokenRequest(context.Background(), imds.URL, resource))
		fmt.Printf("%-34s %s\n", fault, seen(response, err))
	}
	// Output:
	// OK                                 200 OK
	// Slow(1ms)                          200 OK
	// SlowBody(1ms)                      200 OK
	// Status(429).WithRetryAfter(1m0s)   429 Too Many Requests, Retry-After 60
	// Error(403, access_denied)          403 Forbidden
	// EntraDown                          500 Internal Server Error
	// EntraRefuses(501051)               400 Bad Request, AADSTS501051
	// NoDefaultIdentity                  404 Not Found
	// NotBound                           200 OK
	// EC2                                404 Not Found, a page of HTML
	// GCE                                404 Not Found, a page of HTML
	// Refused                            a connection that was refused
	// Closed                             a connection that was closed
	// NotJSON                            200 OK, a page of HTML
	// Body(200, application/json)        200 OK
	// Truncated                          200 OK, and half of a body
	// Huge(1048576)                      200 OK, 1048576 bytes
	// Redirect(https://else.example)     302 Found to https://else.example
}

// Two faults last until the client gives up, or the server is closed.
func ExampleHang() {
	imds := imdstest.New(nil)
	for _, fault := range []imdstest.Fault{imdstest.Hang(), imdstest.Dropped()} {
		imds.Break(fault)
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
		_, err := imds.RoundTrip(tokenRequest(ctx, imds.URL, "https://orders.example"))
		fmt.Println(fault, errors.Is(err, context.DeadlineExceeded))
		cancel()
	}
	// Output:
	// Hang true
	// Dropped true
}

func ExampleDropped() {
	imds := imdstest.New(nil)
	imds.Break(imdstest.Dropped())
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	_, err := imds.RoundTrip(tokenRequest(ctx, imds.URL, "https://orders.example"))
	fmt.Println(err)
	// Output: dial tcp imds.test:80: context deadline exceeded
}

// If an app registration's credential is the identity of a host, each of the two endpoints can fail
// alone.
func ExampleFault_oneLeg() {
	imds := imdstest.New(nil)
	defer imds.Close()
	pod := imds.WorkloadIdentity()
	ask := func(fault imdstest.Fault) {
		imds.Break(fault)
		host, err := imds.RoundTrip(tokenRequest(context.Background(), imds.URL, "https://orders.example"))
		fmt.Printf("%s: IMDS: %s", fault, seen(host, err))
		entra, err := imds.Client().PostForm(pod.Get("AZURE_AUTHORITY_HOST")+pod.Get("AZURE_TENANT_ID")+"/oauth2/v2.0/token", nil)
		fmt.Printf("; Entra ID: %s\n", seen(entra, err))
	}
	ask(imdstest.Status(503).EndpointOnly())
	ask(imdstest.Status(503).ExchangeOnly())
	// Output:
	// Status(503).EndpointOnly: IMDS: 503 Service Unavailable; Entra ID: 400 Bad Request
	// Status(503).ExchangeOnly: IMDS: 200 OK; Entra ID: 503 Service Unavailable
}

// The documents of Entra ID can fail one by one.
func ExampleFault_oneDocument() {
	imds := imdstest.New(nil)
	ask := func(fault imdstest.Fault) {
		imds.Issuer().Break(fault)
		discovery, err := imds.Client().Get(imds.URL + "/common/v2.0/.well-known/openid-configuration")
		fmt.Printf("%s: discovery: %s", fault, seen(discovery, err))
		keys, err := imds.Client().Get(imds.URL + "/common/discovery/v2.0/keys")
		fmt.Printf("; keys: %s\n", seen(keys, err))
	}
	ask(imdstest.Status(503).KeysOnly())
	ask(imdstest.Status(503).DiscoveryOnly())
	// Output:
	// Status(503).KeysOnly: discovery: 200 OK; keys: 503 Service Unavailable
	// Status(503).DiscoveryOnly: discovery: 503 Service Unavailable; keys: 200 OK
}
