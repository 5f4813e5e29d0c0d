package main

import (
	"maps"
	"net/http"
	"sync/atomic"
	"time"
)

// floorCache is the least that a cache of tokens by resource can do: a map that is copied when it
// changes, a pointer, one reading of the clock.
type floorCache struct {
	entries atomic.Pointer[map[string]*floorEntry]
}

type floorEntry struct{ token atomic.Pointer[floorToken] }

type floorToken struct {
	value   string
	header  []string
	expires time.Time
}

func newFloorCache(resource, value string, expires time.Time) *floorCache {
	entry := &floorEntry{}
	entry.token.Store(&floorToken{value, []string{"Bearer " + value}, expires})
	c := &floorCache{}
	c.entries.Store(&map[string]*floorEntry{resource: entry})
	return c
}

// get returns nil if there is no valid token.
func (c *floorCache) get(resource string) *floorToken {
	entry := (*c.entries.Load())[resource]
	if entry == nil {
		return nil
	}
	t := entry.token.Load()
	if t == nil || !time.Now().Before(t.expires) {
		return nil
	}
	return t
}

// floorTransport is the least that a transport may do which must not change the request it is
// given: a shallow copy, and a header map of its own with a ready-made value.
type floorTransport struct {
	cache    *floorCache
	resource string
	base     http.RoundTripper
}

func (f *floorTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	t := f.cache.get(f.resource)
	if t == nil {
		return nil, errNoToken
	}
	sent := *r
	sent.Header = make(http.Header, len(r.Header)+1)
	maps.Copy(sent.Header, r.Header)
	sent.Header["Authorization"] = t.header
	return f.base.RoundTrip(&sent)
}
