package fakegraph

import "time"

// Lag is how long a change takes to become visible: the next Requests requests do not see it, and
// no request sees it before Time has passed.
type Lag struct {
	Requests int
	Time     time.Duration
}

// Lags are those of the ways that a change takes.
type Lags struct {
	Applications         Lag // until an application, or a change of it, is seen
	ServicePrincipals    Lag // until a service principal is seen
	References           Lag // until a service principal can be assigned to, or be assigned
	Roles                Lag // until the service principal has the roles of its application
	Assignments          Lag // until an assignment, or its end, is seen
	FederatedCredentials Lag // until a federated credential, or its end, is seen
}

// Delay makes changes from now on visible only after a time.
func (s *Server) Delay(lags Lags) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lags = lags
}

// A moment is both a number of requests and a time.
type moment struct {
	count int
	time  time.Time
}

// after returns when a change of the moment m is known.
func (m moment) after(l Lag) moment { return moment{m.count + 1 + l.Requests, m.time.Add(l.Time)} }

// reached reports whether m is at or after due.
func (m moment) reached(due moment) bool { return m.count >= due.count && !m.time.Before(due.time) }

// replicated is a value with its history: writes see a new value at once, reads when it is due.
type replicated[T any] struct{ versions []version[T] }

type version[T any] struct {
	value T
	due   moment
}

func (r *replicated[T]) write(value T, due moment) {
	r.versions = append(r.versions, version[T]{value, due})
}

// latest returns what was written last.
func (r *replicated[T]) latest() (value T) {
	if n := len(r.versions); n > 0 {
		value = r.versions[n-1].value
	}
	return value
}

// seen returns what a reader sees at a moment; false if there is nothing to see yet.
func (r *replicated[T]) seen(at moment) (value T, ok bool) {
	for i := len(r.versions) - 1; i >= 0; i-- {
		if at.reached(r.versions[i].due) {
			return r.versions[i].value, true
		}
	}
	return value, false
}
