package operation

import (
	"sync"
	"time"
)

// A Sampler lets one event of each kind through per interval, so that a caller in a loop does not
// fill the log. Its kinds must come from a closed set.
type Sampler struct {
	interval time.Duration

	mu   sync.Mutex // guards last
	last map[string]time.Time
}

// NewSampler returns a Sampler of one event of each kind in an interval.
func NewSampler(interval time.Duration) *Sampler {
	return &Sampler{interval: interval, last: map[string]time.Time{}}
}

// Take reports whether an event at now is let through.
func (s *Sampler) Take(kind string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if last, seen := s.last[kind]; seen && now.Sub(last) < s.interval {
		return false
	}
	s.last[kind] = now
	return true
}
