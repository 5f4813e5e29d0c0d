package fault

import (
	"sync"
	"time"
)

// Script is the faults that are in force and those to come. The zero value has none. It is safe for
// concurrent use.
type Script struct {
	mu     sync.Mutex // guards what follows; no other lock is taken under it
	next   []Fault
	broken Fault
	until  time.Time // of broken; zero: until told otherwise
}

// Next sets faults for the next requests, one for each, in order. They come after those of an
// earlier Next and before what Break or BreakFor say.
func (s *Script) Next(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next = append(s.next, faults...)
}

// Break applies f to every request until Recover, in place of an earlier Break or BreakFor.
func (s *Script) Break(f Fault) { s.set(f, time.Time{}) }

// BreakFor is Break for d from now on.
func (s *Script) BreakFor(d time.Duration, f Fault) { s.set(f, time.Now().Add(d)) }

func (s *Script) set(f Fault, until time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken, s.until = f, until
}

// Recover ends every fault: that of Break or BreakFor and those of Next that no request has met.
func (s *Script) Recover() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next, s.broken, s.until = nil, Fault{}, time.Time{}
}

// CurrentFault returns the fault that Break or BreakFor has in force, and [OK] if there is none.
func (s *Script) CurrentFault() Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current()
}

// TakeFor returns the fault of a request of a kind. A fault that is for another kind stays the
// next.
func (s *Script) TakeFor(t Target) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.next) > 0 && s.next[0].Hits(t) {
		f := s.next[0]
		s.next = s.next[1:]
		return f
	}
	if f := s.current(); f.Hits(t) {
		return f
	}
	return Fault{}
}

func (s *Script) current() Fault {
	if !s.until.IsZero() && !time.Now().Before(s.until) {
		return Fault{}
	}
	return s.broken
}
