package inflight

import "sync"

// Counter counts the calls that have not returned, by key. The zero value has counted none.
type Counter[K comparable] struct {
	mu    sync.Mutex // guards calls
	calls map[K]int  // never zero, so that keys take no room when their calls have returned
}

// Enter counts a call and returns the function that takes it off again, which is to be called once,
// or nil if limit calls with the key have not returned.
func (c *Counter[K]) Enter(key K, limit int) (leave func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.calls[key] >= limit {
		return nil
	}
	if c.calls == nil {
		c.calls = make(map[K]int)
	}
	c.calls[key]++
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.calls[key]--; c.calls[key] == 0 {
			delete(c.calls, key)
		}
	}
}
