package fakeazure

import (
	"sync/atomic"

	"github.com/seed-ac726066/aztoken/internal/fakeazure/fault"
	"github.com/seed-ac726066/aztoken/internal/fakeazure/issuer"
	"github.com/seed-ac726066/aztoken/internal/fakeazure/wirelog"
)

// Traffic has the faults and the log of one kind of request.
type Traffic struct {
	fault.Script
	wirelog.Log

	keyFetches atomic.Int64
}

// KeyFetches returns the number of requests for keys since the start.
func (t *Traffic) KeyFetches() int { return int(t.keyFetches.Load()) }

// NextKeys sets faults for the next requests for keys, one for each, in order. Requests for
// discovery documents take none of them, so that one fault is one fetch of keys; but a fault with
// [fault.Fault.DiscoveryOnly] is for the next of those.
func (t *Traffic) NextKeys(faults ...fault.Fault) {
	aimed := make([]fault.Fault, len(faults))
	for i, f := range faults {
		aimed[i] = f.AimedAt(fault.Keys)
	}
	t.Next(aimed...)
}

// takeFor returns the fault of a request for a document.
func (t *Traffic) takeFor(d issuer.Document) fault.Fault {
	switch d {
	case issuer.Keys:
		t.keyFetches.Add(1)
		return t.TakeFor(fault.Keys)
	case issuer.Configuration:
		return t.TakeFor(fault.Discovery)
	default: // questions of clients about an authority meet no fault
		return fault.OK()
	}
}
