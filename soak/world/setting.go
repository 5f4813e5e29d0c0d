package world

import (
	"path/filepath"
	"time"

	"github.com/seed-ac726066/aztoken/soak/internal/wallclock"
	"github.com/seed-ac726066/aztoken/soak/rules"
)

// Setting is what a run is like. Virtual and Real fill in the rest.
type Setting struct {
	Seed           uint64
	Span, Lifetime time.Duration // of the run and of a token
	Heap           *Heap         // of the process

	slack   time.Duration    // what does not count as waiting: 0 in virtual time
	settle  func()           // returns when nothing is left to do at this moment
	sockets bool             // over loopback
	wall    *wallclock.Clock // nil: it cannot be set

	breakage breakage
}

// keep is what is left of a token when a platform that keeps it to its end mints another: five
// minutes of a day.
func (s Setting) keep() time.Duration { return max(s.Lifetime/288, 10*time.Second) }

// mintAfter is the age at which the platform replaces its token. A third of the seeds has a cache
// of an hour (of a token of 24), a third none, and a third one that returns a token until shortly
// before its end.
func (s Setting) mintAfter() time.Duration {
	return [...]time.Duration{s.Lifetime / 24, -1, s.Lifetime - s.keep()}[s.Seed%3]
}

// mostCalm is the bound on the requests in a quiet lifetime.
func (s Setting) mostCalm() int {
	if s.Seed%3 == 2 {
		return rules.MostCalm(s.Lifetime, s.keep())
	}
	return rules.MostCalm(s.Lifetime, 0)
}

// keyFile returns the path of the verifier's key file. Odd seeds have none.
func (s Setting) keyFile(dir string) string {
	if s.Seed%2 == 1 {
		return ""
	}
	return filepath.Join(dir, "keys.json")
}
