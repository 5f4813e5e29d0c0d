package imdstest

import (
	"sync"
	"time"
)

// A script is the faults that are in force and those to come.
type script struct {
	mu     sync.Mutex
	next   []Fault
	broken Fault
	until  time.Time // of broken; zero: until told otherwise
}

// Next sets faults for the next token requests, one for each, in order. They come after those of an earlier
// Next and before what [Server.Break] or [Server.BreakFor] say.
func (s *Server) Next(faults ...Fault) { s.script.add(faults...) }

// Break lets every token request suffer f until [Server.Recover], in place of an earlier Break or BreakFor.
func (s *Server) Break(f Fault) { s.script.set(f, time.Time{}) }

// BreakFor is [Server.Break] for d from now on. The time is that of package time, and so is virtual inside a
// bubble of [testing/synctest].
func (s *Server) BreakFor(d time.Duration, f Fault) { s.script.set(f, time.Now().Add(d)) }

// Recover ends every fault of token requests: that of Break or BreakFor and those of Next that no request has met.
// Requests that already hang stay so, and so do the faults that end with [Server.RecoverKeys].
func (s *Server) Recover() { s.script.clear() }

// InForce returns the fault that Break or BreakFor has in force for token requests, and [OK] if there is none.
func (s *Server) InForce() Fault { return s.script.lasting() }

func (p *script) add(faults ...Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next = append(p.next, faults...)
}

func (p *script) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next, p.broken, p.until = nil, Fault{}, time.Time{}
}

func (p *script) set(f Fault, until time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.broken, p.until = f, until
}

// take returns the fault of a token request.
func (p *script) take() Fault {
	return p.takeIf(func(Fault) bool { return true })
}

// takeIf returns the fault of a request that only some faults hit. A fault that does not hit it stays the next.
func (p *script) takeIf(hits func(Fault) bool) Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.next) > 0 && hits(p.next[0]) {
		f := p.next[0]
		p.next = p.next[1:]
		return f
	}
	if f := p.inForce(); hits(f) {
		return f
	}
	return Fault{}
}

// lasting returns the fault that is in force for all requests.
func (p *script) lasting() Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.inForce()
}

func (p *script) inForce() Fault {
	if !p.until.IsZero() && !time.Now().Before(p.until) {
		return Fault{}
	}
	return p.broken
}
