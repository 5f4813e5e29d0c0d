package aztoken_test

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/tokenstore"
)

// operation is what a client wants of a backend.
type operation string

const (
	loading operation = "load"
	saving  operation = "save"
	locking operation = "lock"
)

// memory is a shared backend with locks, whose faults a test chooses.
type memory struct {
	mu    sync.Mutex
	blobs map[string][]byte
	locks map[string]lease
	calls map[operation]int
	fault func(context.Context, operation) error // runs before each operation; nil: none
}

type lease struct {
	holder *int
	until  time.Time
}

var (
	_ tokenstore.Backend = (*memory)(nil)
	_ tokenstore.Locker  = (*memory)(nil)
)

func newMemory() *memory {
	return &memory{blobs: map[string][]byte{}, locks: map[string]lease{}, calls: map[operation]int{}}
}

// begin counts an operation and suffers its fault.
func (m *memory) begin(ctx context.Context, op operation) error {
	m.mu.Lock()
	m.calls[op]++
	fault := m.fault
	m.mu.Unlock()
	if fault == nil {
		return nil
	}
	return fault(ctx, op)
}

func (m *memory) Load(ctx context.Context, key string) ([]byte, error) {
	if err := m.begin(ctx, loading); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	blob, ok := m.blobs[key]
	if !ok {
		return nil, tokenstore.ErrNotFound
	}
	return bytes.Clone(blob), nil
}

func (m *memory) Save(ctx context.Context, key string, blob []byte, _ time.Time) error {
	if err := m.begin(ctx, saving); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.blobs[key] = bytes.Clone(blob)
	return nil
}

func (m *memory) Lock(ctx context.Context, key string, ttl time.Duration) (func(), bool, error) {
	if err := m.begin(ctx, locking); err != nil {
		return nil, false, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if time.Now().Before(m.locks[key].until) {
		return nil, false, nil
	}
	holder := new(int)
	m.locks[key] = lease{holder, time.Now().Add(ttl)}
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.locks[key].holder == holder {
			delete(m.locks, key)
		}
	}, true, nil
}

// suffer lets every operation from now on run f first; nil ends that.
func (m *memory) suffer(f func(context.Context, operation) error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fault = f
}

// snapshot returns what is kept, and restore puts it in place of what is kept now.
func (m *memory) snapshot() map[string][]byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.blobs)
}

func (m *memory) restore(blobs map[string][]byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.blobs = map[string][]byte{}
	maps.Copy(m.blobs, blobs)
}

// change replaces every blob by what f makes of it.
func (m *memory) change(f func([]byte) []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for key, blob := range m.blobs {
		m.blobs[key] = f(blob)
	}
}

func (m *memory) count(op operation) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.calls[op]
}

// lockless is a backend without locks.
type lockless struct{ tokenstore.Backend }

// journal collects events. Its zero value is ready.
type journal struct {
	mu     sync.Mutex
	events []aztoken.Event
}

func (j *journal) note(e aztoken.Event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.events = append(j.events, e)
}

// of returns the events of some kinds so far, in order.
func (j *journal) of(kinds ...aztoken.EventKind) []aztoken.Event {
	synctest.Wait()
	j.mu.Lock()
	defer j.mu.Unlock()
	var found []aztoken.Event
	for _, e := range j.events {
		if slices.Contains(kinds, e.Kind) {
			found = append(found, e)
		}
	}
	return found
}

// kinds returns the kinds of all events so far, in order.
func (j *journal) kinds() []aztoken.EventKind {
	synctest.Wait()
	j.mu.Lock()
	defer j.mu.Unlock()
	kinds := make([]aztoken.EventKind, len(j.events))
	for i, e := range j.events {
		kinds[i] = e.Kind
	}
	return kinds
}

// storeKey returns a key for tests, another one for each n.
func storeKey(n byte) []byte { return bytes.Repeat([]byte{n}, tokenstore.KeySize) }

func storeOn(t *testing.T, b tokenstore.Backend, keys ...[]byte) *tokenstore.Store {
	t.Helper()
	if len(keys) == 0 {
		keys = [][]byte{storeKey(1)}
	}
	s, err := tokenstore.New(b, keys...)
	require.NoError(t, err)
	return s
}

// start returns a client of srv with the store on b, as a process that has just been started has
// it. Unless opts say otherwise it names the first identity of srv.
func start(t *testing.T, srv *imdstest.Server, b tokenstore.Backend, opts aztoken.Options) *aztoken.Client {
	t.Helper()
	if opts.ID == nil {
		opts.ID = aztoken.ClientID(imdstest.DefaultClientID)
	}
	opts.Store = storeOn(t, b)
	return over(t, srv, opts)
}

// mintingHost returns a host that mints a token for each request.
func mintingHost(t *testing.T) *imdstest.Server {
	t.Helper()
	srv := imdstest.New(&imdstest.Options{MintAfter: -1})
	t.Cleanup(srv.Close)
	return srv
}

// atOnce returns the token of c, which it must have without a wait.
func atOnce(t *testing.T, c *aztoken.Client) aztoken.Token {
	t.Helper()
	begin := time.Now()
	tok, err := c.Token(t.Context(), resource)
	require.NoError(t, err)
	require.Zero(t, time.Since(begin), "the call waited")
	require.True(t, tok.ExpiresOn.After(time.Now()))
	synctest.Wait() // until it is saved
	return tok
}

// closeNow closes c, as a process that ends does.
func closeNow(t *testing.T, c *aztoken.Client) {
	t.Helper()
	require.NoError(t, c.Close())
}

func sourceOf(t *testing.T, c *aztoken.Client) string {
	t.Helper()
	s := c.Status()
	require.Len(t, s.Resources, 1)
	return s.Resources[0].Source
}

// suits reports whether op is one of ops; none are all.
func (op operation) suits(ops []operation) bool { return len(ops) == 0 || slices.Contains(ops, op) }

// slowBy delays operations by d, or until their caller leaves.
func slowBy(d time.Duration, ops ...operation) func(context.Context, operation) error {
	return func(ctx context.Context, op operation) error {
		if !op.suits(ops) {
			return nil
		}
		select {
		case <-time.After(d):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// stuck lets operations return at the end of the test and not before, whatever their context says.
func stuck(t *testing.T, ops ...operation) func(context.Context, operation) error {
	end := make(chan struct{})
	t.Cleanup(func() { close(end) })
	return func(_ context.Context, op operation) error {
		if op.suits(ops) {
			<-end
		}
		return nil
	}
}

var errBackend = errors.New("the backend does not work")

func failing(ops ...operation) func(context.Context, operation) error {
	return func(_ context.Context, op operation) error {
		if op.suits(ops) {
			return errBackend
		}
		return nil
	}
}

// flapping fails every second operation.
func flapping() func(context.Context, operation) error {
	var n atomic.Int64
	return func(context.Context, operation) error {
		if n.Add(1)%2 == 1 {
			return errBackend
		}
		return nil
	}
}

// requireSame and requireOther compare tokens without showing them.
func requireSame(t *testing.T, want, got aztoken.Token, msg ...any) {
	t.Helper()
	require.True(t, want.Value() == got.Value(), append([]any{"not the same token"}, msg...)...)
}

func requireOther(t *testing.T, than, got aztoken.Token, msg ...any) {
	t.Helper()
	require.True(t, than.Value() != got.Value(), append([]any{"the same token"}, msg...)...)
}
