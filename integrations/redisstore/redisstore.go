// Package redisstore keeps sealed tokens in Redis, for a fleet whose instances act as one identity.
//
//	opts := &redis.Options{Addr: "redis.internal:6380", TLSConfig: &tls.Config{}}
//	client := redis.NewClient(opts)
//	store, err := tokenstore.New(redisstore.New(client, "orders:tokens:"), key)
//
// Redis sees sealed blobs under names that are HMACs. It needs GET, GETRANGE, SET and, to release
// locks early, EVAL and EVALSHA with DEL, on keys that begin with the prefix. Every key expires.
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

// Backend is a [tokenstore.Backend] and a [tokenstore.Locker] in Redis. It is made by [New], and
// safe for concurrent use.
type Backend struct {
	client redis.UniversalClient
	prefix string
	unlock *redis.Script
}

var _ tokenstore.Locker = (*Backend)(nil)

// New returns a Backend whose keys in Redis begin with prefix. client may be one of a single
// server, of a Cluster or of Sentinel; each command has one key. The caller closes it.
//
// go-redis does not end a command that is under way when its context ends, unless
// ContextTimeoutEnabled is set. A [tokenstore.Store] does not wait for it, and has only a few
// commands under way.
func New(client redis.UniversalClient, prefix string) *Backend {
	return &Backend{
		client: client,
		prefix: prefix,
		// Compares first: the lock may have ended, and another may hold it now.
		unlock: redis.NewScript(`if redis.call("GET", KEYS[1]) == ARGV[1] then return redis.call("DEL", KEYS[1]) end return 0`),
	}
}

// Load implements [tokenstore.Backend].
func (b *Backend) Load(ctx context.Context, key string) ([]byte, error) {
	// This reads one byte more than a blob can have.
	blob, err := b.client.GetRange(ctx, b.prefix+key, 0, tokenstore.MaxBlob).Bytes()
	switch {
	case isCode(err, "WRONGTYPE"):
		return nil, fmt.Errorf("%w: redis has no string there", tokenstore.ErrUnreadable)
	case err != nil:
		return nil, failed("load", err)
	case len(blob) > tokenstore.MaxBlob:
		return nil, fmt.Errorf("%w: it is larger than %d bytes", tokenstore.ErrUnreadable, tokenstore.MaxBlob)
	case len(blob) == 0: // GETRANGE of a key that does not exist
		return nil, tokenstore.ErrNotFound
	}
	return blob, nil
}

// Save implements [tokenstore.Backend]. What ends within a millisecond, the shortest time of Redis,
// is not saved.
func (b *Backend) Save(ctx context.Context, key string, blob []byte, expires time.Time) error {
	if len(blob) > tokenstore.MaxBlob {
		return fmt.Errorf("redisstore: save: a blob of %d bytes is too large: the limit is %d", len(blob), tokenstore.MaxBlob)
	}
	ttl := time.Until(expires).Truncate(time.Millisecond)
	if ttl <= 0 { // go-redis would store the value without an expiry
		return nil
	}
	return failed("save", b.client.Set(ctx, b.prefix+key, blob, ttl).Err())
}

// Lock implements [tokenstore.Locker] by SET NX PX. After a failover of Redis two may hold it,
// which costs a request.
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

// holds reports whether the lock is already this holder's: go-redis repeats a command whose reply
// was lost, and the second SET NX then fails because the first one worked.
func (b *Backend) holds(ctx context.Context, name, holder string) (bool, error) {
	now, err := b.client.Get(ctx, name).Result()
	if errors.Is(err, redis.Nil) {
		return false, nil // it ended meanwhile; its holder has probably saved a token
	}
	return err == nil && now == holder, err
}

// releaseTime is how long releasing a lock may take. A lock that is not released ends after its
// ttl, as it does where scripts are refused.
const releaseTime = 2 * time.Second

// release ends a lock that holder still has.
func (b *Backend) release(name, holder string) {
	ctx, cancel := context.WithTimeout(context.Background(), releaseTime)
	defer cancel()
	_ = b.unlock.Run(ctx, b.client, []string{name}, holder).Err()
}
