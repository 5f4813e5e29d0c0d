package world

import (
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/soak/rules"
)

// client is an aztoken.Client from its start to its end, and what was observed of it from outside.
type client struct {
	*environment
	*aztoken.Client
	asked tokens
	api   *http.Client // calls the service

	// mu guards what follows. Under it only the locks of conditions and journal are taken.
	mu       sync.Mutex
	closing  bool // Close has been called, or is about to be
	closed   bool // Close has returned
	ledgers  map[string]*rules.Ledger
	requests map[string]*rules.Requests
	inFlight int
	answered bool      // the endpoint has answered
	trouble  time.Time // the end of the last request that failed
	dark     time.Time // when a caller last had no token in hand
}

// askService carries a request of a client to the service.
type askService func(*client, *http.Request) (*http.Response, error)

func newClient(e *environment, toService askService) (*client, error) {
	c := &client{environment: e, ledgers: map[string]*rules.Ledger{}, requests: map[string]*rules.Requests{}}
	for _, resource := range []string{orders, billing, archive} {
		c.ledgers[resource], c.requests[resource] = &rules.Ledger{}, &rules.Requests{}
	}
	var endpoint http.RoundTripper = roundTripFunc(c.askEndpoint)
	if e.breakage.endpoint != nil {
		endpoint = e.breakage.endpoint(endpoint)
	}
	opts := &aztoken.Options{Endpoint: e.network.endpointURL, Logger: e.logger, OnEvent: c.onEvent}
	opts.Transport = roundTripFunc(endpoint.RoundTrip)
	var err error
	if c.Client, err = aztoken.NewClient(opts); err != nil {
		return nil, err
	}
	c.asked = c.Client
	if e.breakage.tokens != nil {
		c.asked = e.breakage.tokens(c.Client, e)
	}
	c.api = c.Wrap(&http.Client{Transport: roundTripFunc(func(r *http.Request) (*http.Response, error) {
		return toService(c, r)
	})}, orders)
	return c, nil
}

// onEvent looks for secrets. Events are delivered late, so what a client must have is not read from
// them.
func (c *client) onEvent(e aztoken.Event) {
	where := "an event " + string(e.Kind)
	c.journal.report(rules.Secrets(where, fmt.Sprintf("%+v %#v", e, e)))
	c.journal.report(rules.SecretsOfError(where, e.Err))
}

// ends notes that Close is about to be called, or has returned.
func (c *client) ends(closed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closing, c.closed = true, closed
}

// begins returns what is known about a call for a token of resource when it begins.
func (c *client) begins(resource string, claims bool) rules.TokenCall {
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.ledgers[resource]
	call := rules.TokenCall{Start: time.Now(), Slack: c.slack, Claims: claims}
	call.InHand, call.Suspended = l.InHand(call.Start, c.slack), l.IsSuspended(call.Start)
	l.Use(call.Start)
	if claims {
		c.rejectedLocked(resource, call.Start)
	}
	if !call.InHand {
		c.dark = call.Start
	}
	return call
}

// know adds what is known about the client when a call has ended.
func (c *client) know(resource string, call *rules.TokenCall) {
	call.TokenEnd = c.cloud.endOf(call.Token)
	c.mu.Lock()
	defer c.mu.Unlock()
	call.Closed = c.closing
	call.MayHold = c.ledgers[resource].MayHold(call.Start)
	if c.wall.SteppedSince(call.Start) {
		call.InHand = false // it may have ended by a clock that jumped
	}
	call.Troubled = c.inFlight > 0 || rules.IsTroubled(c.trouble, call.Start, c.slack)
}

// rejected notes that a service rejected a token for resource.
func (c *client) rejected(resource string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rejectedLocked(resource, time.Now())
}

func (c *client) rejectedLocked(resource string, now time.Time) {
	c.ledgers[resource].Reject()
	c.requests[resource].Rejected(now)
}

// invalidated notes that a token for resource is about to be passed to Invalidate.
func (c *client) invalidated(resource string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	c.ledgers[resource].Invalidate(now)
	c.requests[resource].Rejected(now)
}

// uses notes that a token for resource is about to be used.
func (c *client) uses(resource string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ledgers[resource].Use(time.Now())
}

// endInHand returns when the token in hand for resource ends.
func (c *client) endInHand(resource string) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ledgers[resource].End()
}
