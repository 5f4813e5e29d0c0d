package world

import (
	"sync"
	"time"

	"github.com/seed-ac726066/aztoken/soak/plan"
)

// conditions are the lasting steps in force, as far as the network and the service play them.
type conditions struct {
	// mu guards what follows. Under it no other lock is taken.
	mu         sync.Mutex
	wire       plan.Connection
	service    plan.ServiceFault
	skew       time.Duration
	inForce    int       // all lasting steps
	quietSince time.Time // the last begin or end of a step
	requests   int64     // decide which half of the requests a reset connection loses
}

func (c *conditions) begin(s plan.Step) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.quietSince = time.Now()
	if s.Lasting > 0 {
		c.inForce++
	}
	switch a := s.Action.(type) {
	case plan.WireFault:
		c.wire = a.Connection
	case plan.ServiceFault:
		c.service = a
	case plan.ClockSkew:
		c.skew = a.Ahead
	}
}

func (c *conditions) end(s plan.Step) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.quietSince = time.Now()
	c.inForce--
	switch s.Action.(type) {
	case plan.WireFault:
		c.wire = plan.Connection{}
	case plan.ServiceFault:
		c.service = plan.ServiceFault{}
	case plan.ClockSkew:
		c.skew = 0
	}
}

// toEndpoint returns the state in which a request to the endpoint is sent.
func (c *conditions) toEndpoint() (link, time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests++
	return link{c.wire, c.requests}, c.skew
}

// toService returns the state in which a request to the service is sent.
func (c *conditions) toService() (link, plan.ServiceFault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests++
	return link{c.service.Connection, c.requests}, c.service
}

// calmSince returns since when there has been no fault: now while there is one.
func (c *conditions) calmSince(now time.Time) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.inForce > 0 {
		return now
	}
	return c.quietSince
}
