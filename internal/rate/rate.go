// Package rate limits requests by buckets of tokens.
package rate

import (
	"net"
	"sync"
	"time"
)

// A Bucket holds the requests that a caller may make at once: those of two seconds.
type Bucket struct {
	mu     sync.Mutex // guards what follows
	tokens float64
	last   time.Time
}

// Take reports whether a request at now is within perSecond. 0 is no limit.
func (b *Bucket) Take(now time.Time, perSecond int) bool {
	if perSecond == 0 {
		return true
	}
	burst := 2 * float64(perSecond)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.last.IsZero() {
		b.tokens = burst
	} else {
		b.tokens = min(burst, b.tokens+max(0, now.Sub(b.last)).Seconds()*float64(perSecond))
	}
	b.last = now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

// maxPeers bounds the number of addresses with their own buckets. In a network with more callers of
// IMDS the rest share a bucket.
const maxPeers = 4096

// Peers are the buckets of callers without a secret, by their address.
type Peers struct {
	mu      sync.Mutex // guards what follows; the buckets have their own locks
	buckets map[string]*Bucket
	swept   time.Time
	rest    Bucket
}

// Of returns the bucket of a remote address.
func (p *Peers) Of(remoteAddr string, now time.Time) *Bucket {
	host, _, _ := net.SplitHostPort(remoteAddr) // "" for a Unix socket
	p.mu.Lock()
	defer p.mu.Unlock()
	if b := p.buckets[host]; b != nil {
		return b
	}
	// Do not sweep with each request of a flood.
	if len(p.buckets) >= maxPeers && now.Sub(p.swept) > time.Second {
		p.swept = now
		for name, b := range p.buckets {
			if b.idle(now) {
				delete(p.buckets, name)
			}
		}
	}
	if len(p.buckets) >= maxPeers {
		return &p.rest
	}
	if p.buckets == nil {
		p.buckets = map[string]*Bucket{}
	}
	b := new(Bucket)
	p.buckets[host] = b
	return b
}

// idle reports whether the bucket is full again, so that a new one is as good.
func (b *Bucket) idle(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return now.Sub(b.last) > 2*time.Second
}
