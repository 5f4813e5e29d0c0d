package tokenstore_test

import (
	"bytes"
	"context"
	"sync"
	"time"

	"github.com/seed-ac726066/aztoken/tokenstore"
)

// memory is a shared Backend without locks.
type memory struct {
	mu    sync.Mutex // guards blobs
	blobs map[string][]byte
}

func (m *memory) Load(_ context.Context, key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	blob, ok := m.blobs[key]
	if !ok {
		return nil, tokenstore.ErrNotFound
	}
	return bytes.Clone(blob), nil
}

func (m *memory) Save(_ context.Context, key string, blob []byte, _ time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.blobs == nil {
		m.blobs = make(map[string][]byte)
	}
	m.blobs[key] = bytes.Clone(blob)
	return nil
}

// keys returns the keys that are held.
func (m *memory) keys() (keys []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for key := range m.blobs {
		keys = append(keys, key)
	}
	return keys
}

// faulty is a Locker of functions.
type faulty struct {
	load func(context.Context) ([]byte, error)
	save func(context.Context) error
	lock func(context.Context) (func(), bool, error)
}

func (f faulty) Load(ctx context.Context, _ string) ([]byte, error) { return f.load(ctx) }

func (f faulty) Save(ctx context.Context, _ string, _ []byte, _ time.Time) error { return f.save(ctx) }

func (f faulty) Lock(ctx context.Context, _ string, _ time.Duration) (func(), bool, error) {
	return f.lock(ctx)
}

// keyOf returns a key that differs for each c.
func keyOf(c byte) []byte { return bytes.Repeat([]byte{c}, tokenstore.KeySize) }

// vault is the entry of the tests.
var vault = tokenstore.Entry{
	Host:     "imds",
	Identity: "client_id:6c1c9f5b-5d53-4d2d-a3a7-3f7f0f0b2d0e",
	Resource: "https://vault.azure.net",
}
