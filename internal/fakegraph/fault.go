package fakegraph

import (
	"errors"
	"net/http"
	"time"
)

var errCut = errors.New("fakegraph: the connection was cut")

type throttle struct {
	left  int
	after time.Duration
}

// Throttle answers the next n requests with 429 and a Retry-After, in whole seconds; 0 leaves that
// out.
func (s *Server) Throttle(n int, after time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.throttle = throttle{n, after}
}

func (x exchange) throttled() answer {
	a := problem(http.StatusTooManyRequests, "TooManyRequests", "Too many requests.")
	a.retryAfter = x.throttle.after
	return a
}

// Contend refuses the next n writes, as Graph does while something else writes.
func (s *Server) Contend(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.contended = n
}

func concurrent() answer {
	return problem(http.StatusConflict, "Directory_ConcurrencyViolation",
		"Error due to concurrent requests being made to the tenant. Please wait briefly and retry.")
}

// Permit replaces the permissions of the caller; nil is all of them.
func (s *Server) Permit(permissions []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.options.Permissions = permissions
}

type interruption struct {
	write   int
	applied bool
	kill    func()
}

// Interrupt ends the caller at its n-th write from the start of the server, counted from 1: kill is
// called, and the connection cut. The write has taken effect if applied is true.
func (s *Server) Interrupt(n int, applied bool, kill func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.interruption = &interruption{n, applied, kill}
}

func (i *interruption) at(write int) *interruption {
	if i != nil && i.write == write {
		return i
	}
	return nil
}
