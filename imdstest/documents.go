package imdstest

import (
	"sync/atomic"
	"time"
)

// A document is one of the two kinds that services read to verify tokens. Zero is neither.
type document int

const (
	discoveryDocument document = iota + 1
	keyDocument
)

// documents are what befalls the requests for them.
type documents struct {
	script  script
	log     requestLog
	fetches atomic.Int64 // of keys
}

// BreakKeys lets every request for discovery documents and keys suffer f until [Server.RecoverKeys], in place of an
// earlier BreakKeys or BreakKeysFor. Token requests go on as ever. [Fault.KeysOnly] and [Fault.DiscoveryOnly] spare one of
// the two. This poisons the keys:
//
//	imds.BreakKeys(imdstest.Body(200, "application/json", `{"keys":[]}`).KeysOnly())
//
// An [EntraDown] of [Server.Break] shows only where f has no answer of its own.
func (s *Server) BreakKeys(f Fault) { s.documents.script.set(f, time.Time{}) }

// BreakKeysFor is [Server.BreakKeys] for d from now on. The time is that of package time, and so is virtual inside a
// bubble of [testing/synctest].
func (s *Server) BreakKeysFor(d time.Duration, f Fault) {
	s.documents.script.set(f, time.Now().Add(d))
}

// NextKeys sets faults for the next requests for keys, one for each, in order. They come after those of an earlier
// NextKeys and before what [Server.BreakKeys] or [Server.BreakKeysFor] say. Requests for discovery documents take none of
// them, so that one fault is one fetch of keys; but a fault with [Fault.DiscoveryOnly] is for the next of those.
func (s *Server) NextKeys(faults ...Fault) {
	aimed := make([]Fault, len(faults))
	for i, f := range faults {
		if f.only == 0 {
			f.only = keyDocument
		}
		aimed[i] = f
	}
	s.documents.script.add(aimed...)
}

// RecoverKeys ends every fault of BreakKeys, BreakKeysFor and NextKeys. Requests that already hang stay so, and
// [Server.Recover] is for token requests.
func (s *Server) RecoverKeys() { s.documents.script.clear() }

// KeysInForce returns the fault that BreakKeys or BreakKeysFor has in force, and [OK] if there is none.
func (s *Server) KeysInForce() Fault { return s.documents.script.lasting() }

// KeyRequests returns the requests for discovery documents and keys, oldest first, also those still under way. Only the
// last 10 000 are kept.
func (s *Server) KeyRequests() []Request { return s.documents.log.requests() }

// KeyFetches returns the number of requests for keys since the start, without those for discovery documents.
func (s *Server) KeyFetches() int { return int(s.documents.fetches.Load()) }

// meet returns the fault of a request for a document, and the log for it: none for what clients ask about authorities.
func (d *documents) meet(path string) (Fault, *requestLog) {
	kind := discoveryDocument
	switch path {
	case instance:
		return Fault{}, nil
	case keysV1, keysV2:
		kind = keyDocument
		d.fetches.Add(1)
	}
	return d.script.takeIf(func(f Fault) bool { return f.hits(kind) }), &d.log
}
