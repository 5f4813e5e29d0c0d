package main

import (
	"bytes"
	"context"
	"sync"
	"time"

	"github.com/seed-ac726066/aztoken/tokenstore"
)

// memory is a backend that a fleet shares. It has locks, as Redis does, but no network, which would
// stop the virtual clock.
type memory struct {
	mu         sync.Mutex
	blobs      map[string][]byte
	locks      map[string]*lease
	operations int
}

type lease struct{ until time.Time }

func newMemory() *memory { return &memory{blobs: map[string][]byte{}, locks: map[string]*lease{}} }

// Load implements [tokenstore.Backend].
func (m *memory) Load(_ context.Context, key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.operations++
	blob, ok := m.blobs[key]
	if !ok {
		return nil, tokenstore.ErrNotFound
	}
	return bytes.Clone(blob), nil
}

// Save implements [tokenstore.Backend].
func (m *memory) Save(_ context.Context, key string, blob []byte, _ time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.operations++
	m.blobs[key] = bytes.Clone(blob)
	return nil
}

// Lock implements [tokenstore.Locker].
func (m *memory) Lock(_ context.Context, key string, ttl time.Duration) (unlock func(), ok bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.operations++
	if held := m.locks[key]; held != nil && time.Now().Before(held.until) {
		return nil, false, nil
	}
	own := &lease{time.Now().Add(ttl)}
	m.locks[key] = own
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.locks[key] == own {
			delete(m.locks, key)
		}
	}, true, nil
}

func (m *memory) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.operations
}
