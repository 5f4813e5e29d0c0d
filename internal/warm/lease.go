package warm

import (
	"sync"
	"time"

	"github.com/seed-ac726066/aztoken"
)

// leaseMargin is for callers that come back a little late: programs do not ask for tokens on a
// schedule.
const leaseMargin = time.Hour

// A Lease keeps a token fresh for callers that hold a copy of it. SDKs have their own caches and
// ask again minutes before the copy expires, once in a day. To a client that looks like an unused
// token, which it refreshes once; a caller that comes back in an outage would find it expired. A
// lease that is not renewed ends by itself.
type Lease struct {
	mu    sync.Mutex // guards what follows. Nothing of the client is called under it.
	until time.Time
	ended bool
}

// Hold returns a Lease on the client's token for a resource, for callers whose copy expires on
// expires.
func Hold(client *aztoken.Client, resource string, expires time.Time) *Lease {
	l := &Lease{until: expires.Add(leaseMargin)}
	stop := make(chan func(), 1)
	stop <- client.OnRotate(resource, func(aztoken.Token) {
		if l.hasEnded(time.Now()) {
			end := <-stop
			end()
			stop <- end // stop may be called again while the first call runs
		}
	})
	return l
}

// Renew extends the lease for callers whose copy expires on expires. It reports false if the lease
// has ended.
func (l *Lease) Renew(expires time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if until := expires.Add(leaseMargin); until.After(l.until) {
		l.until = until
	}
	return !l.ended
}

func (l *Lease) hasEnded(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = l.ended || now.After(l.until)
	return l.ended
}
