// Package redisstore keeps sealed tokens in Redis, for a fleet whose instances act as one identity.
//
//	client := redis.NewClient(&redis.Options{Addr: "redis.internal:6380", TLSConfig: &tls.Config{}})
//	store, err := tokenstore.New(redisstore.New(client, "orders:tokens:"), key)
//
// Redis sees sealed blobs under names that are HMACs. It needs GET, GETRANGE, SET and, to give locks back early, EVAL and
// EVALSHA with DEL, on keys that begin with the prefix. Every key expires.
package redisstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/seed-ac726066/aztoken/tokenstore"
)

// Backend is a [tokenstore.Backend] and a [tokenstore.Locker] in Redis. It is made by [New], and safe for concurrent use.
type Backend struct {
	client redis.UniversalClient
	prefix string
	unlock *redis.Script
}

var _ tokenstore.Locker = (*Backend)(nil)

// New returns a Backend whose keys in Redis begin with prefix. client may be one of a single server, of a Cluster or of
// Sentinel; each call is about one key. It stays the caller's, who closes it.
//
// go-redis does not end a command that is under way when its context ends, unless ContextTimeoutEnabled is set. A
// [tokenstore.Store] does not wait for it, and has only a few such commands under way.
func New(client redis.UniversalClient, prefix string) *Backend {
	return &Backend{
		client: client,
		prefix: prefix,
		// Only who still holds the lock may give it back: it may have ended, and be somebody else's now.
		unlock: redis.NewScript(`if redis.call("GET", KEYS[1]) == ARGV[1] then return redis.call("DEL", KEYS[1]) end return 0`),
	}
}

// Load implements [tokenstore.Backend].
func (b *Backend) Load(ctx context.Context, key string) ([]byte, error) {
	blob, err := b.client.GetRange(ctx, b.prefix+key, 0, tokenstore.MaxBlob).Bytes() // the last of them is one too many
	switch {
	case isCode(err, "WRONGTYPE"):
		return nil, fmt.Errorf("%w: redis has no string there", tokenstore.ErrUnreadable)
	case err != nil:
		return nil, failed("load", err)
	case len(blob) > tokenstore.MaxBlob:
		return nil, fmt.Errorf("%w: it is larger than %d bytes", tokenstore.ErrUnreadable, tokenstore.MaxBlob)
	case len(blob) == 0: // as GETRANGE says that there is none
		return nil, tokenstore.ErrNotFound
	}
	return blob, nil
}

// Save implements [tokenstore.Backend]. What ends within a millisecond is not saved.
func (b *Backend) Save(ctx context.Context, key string, blob []byte, expires time.Time) error {
	if len(blob) > tokenstore.MaxBlob {
		return fmt.Errorf("redisstore: save: a blob of %d bytes is too large: the limit is %d", len(blob), tokenstore.MaxBlob)
	}
	ttl := time.Until(expires).Truncate(time.Millisecond)
	if ttl <= 0 { // with which go-redis would store for ever
		return nil
	}
	return failed("save", b.client.Set(ctx, b.prefix+key, blob, ttl).Err())
}

// Lock implements [tokenstore.Locker] by SET NX PX. A failover of Redis may lose the lock or let two hold it; it only saves
// requests.
func (b *Backend) Lock(ctx context.Context, key string, ttl time.Duration) (unlock func(), ok bool, err error) {
	if ttl < time.Millisecond {
		return nil, false, fmt.Errorf("redisstore: lock: %s is too short: Redis counts milliseconds", ttl)
	}
	name, holder := b.prefix+"lock:"+key, rand.Text()
	ok, err = b.client.SetNX(ctx, name, holder, ttl).Result()
	if err == nil && !ok {
		ok, err = b.holds(ctx, name, holder)
	}
	if err != nil || !ok {
		return nil, false, failed("lock", err)
	}
	return func() { b.release(name, holder) }, true, nil
}

// holds reports whether the lock that could not be taken is this holder's own: go-redis repeats a command whose reply was
// lost, and the second one finds the key of the first.
func (b *Backend) holds(ctx context.Context, name, holder string) (bool, error) {
	now, err := b.client.Get(ctx, name).Result()
	if errors.Is(err, redis.Nil) {
		return false, nil // it ended meanwhile, and its holder has saved a token
	}
	return err == nil && now == holder, err
}

// releaseTime is how long giving back a lock may take. One that is not given back ends by itself, as it does where scripts
// are refused.
const releaseTime = 2 * time.Second

// release gives a lock back.
func (b *Backend) release(name, holder string) {
	ctx, cancel := context.WithTimeout(context.Background(), releaseTime)
	defer cancel()
	_ = b.unlock.Run(ctx, b.client, []string{name}, holder).Err()
}
