package extauth

import (
	"math"
	"time"

	"github.com/seed-ac726066/aztoken/verify"
)

// Readiness is what /readyz answers: whether there are keys to check tokens with, and for how long.
type Readiness struct {
	Ready     bool  `json:"ready"`
	ExpiresIn int64 `json:"expires_in"` // seconds; 0 without keys
	verify.Status
}

// Readiness reports whether the keys remain usable for at least the configured time, even if no
// more can be fetched.
func (g *Guard) Readiness() Readiness {
	now := g.current.Load()
	return readiness(now.verifier.Status(), now.config.MinLife, time.Now())
}

func readiness(s verify.Status, minLife time.Duration, now time.Time) Readiness {
	if s.Keys == 0 {
		return Readiness{Status: s}
	}
	left := s.ExpireOn.Sub(now)
	return Readiness{left >= minLife, int64(math.Floor(left.Seconds())), s}
}
