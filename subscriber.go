package aztoken

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seed-ac726066/aztoken/internal/guard"
)

// subscriber delivers tokens to one callback, one at a time and the latest only: a slow callback
// misses tokens that were replaced in the meantime, and delays no other callback.
type subscriber struct {
	f func(Token)

	// mu guards what follows. f does not run under it.
	mu         sync.Mutex
	next       *Token // nil for none
	sequence   uint64
	delivering bool
	stopped    bool
}

// subscribe calls f with every new token for resource from now on.
func (o *observers) subscribe(resource string, f func(Token)) (stop func()) {
	s := &subscriber{f: f}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.subscribers == nil {
		o.subscribers = make(map[string][]*subscriber)
	}
	o.subscribers[resource] = append(slices.Clone(o.subscribers[resource]), s)
	return func() {
		s.stop()
		o.unsubscribe(resource, s)
	}
}

func (o *observers) unsubscribe(resource string, s *subscriber) {
	o.mu.Lock()
	defer o.mu.Unlock()
	rest := slices.DeleteFunc(slices.Clone(o.subscribers[resource]), func(other *subscriber) bool { return other == s })
	if len(rest) == 0 {
		delete(o.subscribers, resource)
		return
	}
	o.subscribers[resource] = rest
}

// subscribersOf returns the subscribers of the token that r names. Tokens for another tenant are
// not the resource's own. The slice is not changed by later calls.
func (o *observers) subscribersOf(r request) []*subscriber {
	if !r.isPlain() {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.subscribers[r.resource]
}

func (o *observers) isSubscribed(r request) bool { return len(o.subscribersOf(r)) > 0 }

func (s *subscriber) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped, s.next = true, nil
}

// deliver passes t to the callback, unless it has had a newer one: the goroutine that installed t
// may be late.
func (s *subscriber) deliver(o *observers, t *Token, sequence uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped || sequence <= s.sequence {
		return
	}
	s.next, s.sequence = t, sequence
	if !s.delivering {
		s.delivering = o.life.Go(func() { s.run(o) })
	}
}

func (s *subscriber) run(o *observers) {
	for {
		s.mu.Lock()
		t := s.next
		s.next = nil
		if t == nil || o.life.Ended() {
			s.delivering = false
			s.mu.Unlock()
			return
		}
		s.mu.Unlock()
		if err := guard.Run(func() { s.f(*t) }); err != nil {
			text := strings.ReplaceAll(err.Error(), t.Value(), "REDACTED")
			o.tell(change{events: []Event{{
				Kind: EventCallbackFailed, Time: time.Now(), Resource: t.Resource, Identity: o.identity,
				Err: callbackError("a callback of OnRotate", errors.New(text)),
			}}})
		}
	}
}
