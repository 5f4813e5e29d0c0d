package aztoken

import (
	"fmt"
	"slices"
	"sync"

	"github.com/seed-ac726066/aztoken/internal/guard"
	"github.com/seed-ac726066/aztoken/internal/hosts"
	"github.com/seed-ac726066/aztoken/internal/wire"
)

// rotations are the subscribers of OnRotate by resource.
type rotations struct {
	mu         sync.Mutex
	byResource map[string][]*subscriber
}

// subscriber delivers tokens to one callback, one at a time and the latest only: a slow callback misses tokens that were
// replaced meanwhile, and holds up nobody.
type subscriber struct {
	f func(Token)

	mu      sync.Mutex
	next    *Token
	running bool
	stopped bool
}

// OnRotate calls f with every token for resource that the client gets from now on, the first included, for clients that
// must be told of a new password rather than ask for it. Calls come one at a time from a goroutine of the client;
// one that takes long misses tokens that are out of date when it returns. f must not call Close.
//
// OnRotate asks for no token itself, nor does it tell of the one that is held already: subscribe, then call Token. But while
// f is subscribed the resource's token is refreshed even if nobody reads it. stop ends the subscription; a call that has begun may still be under way when stop returns.
func (c *Client) OnRotate(resource string, f func(Token)) (stop func()) {
	resource = hosts.TrimScope(resource)
	s := &subscriber{f: f}
	c.rotations.add(resource, s)
	return func() {
		s.mu.Lock()
		s.stopped, s.next = true, nil
		s.mu.Unlock()
		c.rotations.remove(resource, s)
	}
}

func (r *rotations) add(resource string, s *subscriber) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byResource == nil {
		r.byResource = make(map[string][]*subscriber)
	}
	r.byResource[resource] = append(r.byResource[resource], s)
}

func (r *rotations) remove(resource string, s *subscriber) {
	r.mu.Lock()
	defer r.mu.Unlock()
	rest := slices.DeleteFunc(slices.Clone(r.byResource[resource]), func(o *subscriber) bool { return o == s })
	if len(rest) == 0 {
		delete(r.byResource, resource)
		return
	}
	r.byResource[resource] = rest
}

// of are the subscribers of the token that r asks for. Tokens for another tenant are not the resource's own.
func (r *rotations) of(q request) []*subscriber {
	if !q.ordinary() {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.byResource[q.resource])
}

func (r *rotations) wanted(q request) bool { return len(r.of(q)) > 0 }

func (r *rotations) publish(c *Client, q request, t Token) {
	for _, s := range r.of(q) {
		s.deliver(c, t)
	}
}

func (s *subscriber) deliver(c *Client, t Token) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return
	}
	s.next = &t
	if s.running || !c.enter() {
		return
	}
	s.running = true
	go func() {
		defer c.leave()
		s.run(c)
	}()
}

func (s *subscriber) run(c *Client) {
	for {
		s.mu.Lock()
		t := s.next
		s.next = nil
		if t == nil || c.closed() {
			s.running = false
			s.mu.Unlock()
			return
		}
		s.mu.Unlock()
		if p := guard.Run(func() { s.f(*t) }); p != nil && c.opts.Logger != nil {
			_ = guard.Run(func() {
				c.opts.Logger.Error("aztoken: an OnRotate callback panicked", "resource", t.Resource, "panic", wire.Redact(fmt.Sprint(p)))
			})
		}
	}
}
