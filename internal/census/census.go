// Package census counts what is alive in this process. It is the module's only global state, and
// decides nothing: a program that makes a client for each request, and drops it, has no other place
// where they could be counted.
package census

import "sync"

var alive = struct {
	sync.Mutex
	byKey map[string]int
}{byKey: make(map[string]int)}

// Enter counts one more under key and returns how many there are. leave removes it again; further
// calls of leave do nothing.
func Enter(key string) (n int, leave func()) {
	alive.Lock()
	defer alive.Unlock()
	alive.byKey[key]++
	return alive.byKey[key], sync.OnceFunc(func() {
		alive.Lock()
		defer alive.Unlock()
		if alive.byKey[key]--; alive.byKey[key] == 0 {
			delete(alive.byKey, key)
		}
	})
}
