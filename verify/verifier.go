package verify

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"
)

// Verifier checks tokens. One serves a whole program: it is safe for concurrent use.
type Verifier struct {
	rules     rules
	keys      *keyring
	cache     *cache
	header    atomic.Pointer[knownHeader] // of the last token that was accepted
	flights   singleflight.Group
	observers *observers
	closeIdle func()
	challenge parameters
	onError   func(http.ResponseWriter, *http.Request, *Error)
}

var errNotNew = errors.New("verify: the Verifier was not made by New; call verify.New")

// New returns a Verifier. It does no I/O: the keys are fetched when the first token comes, or by
// [Verifier.Warm]. Its errors are mistakes in opts.
func New(opts *Options) (*Verifier, error) {
	if opts == nil {
		return nil, errNilOptions
	}
	client, closeIdle := lockedClient(opts.HTTPClient)
	r, sources, err := opts.resolve(client)
	if err != nil {
		return nil, err
	}
	challenge, err := opts.challenge()
	if err != nil {
		return nil, err
	}
	o := newObservers(opts.OnEvent, opts.Logger)
	return &Verifier{
		rules: r, cache: newCache(), observers: o, closeIdle: closeIdle, challenge: challenge, onError: opts.ErrorHandler,
		keys: newKeyring(sources, keyFile{opts.KeyFile, r.skew}, o.tell),
	}, nil
}

// Warm fetches the keys, so that the first caller does not wait for them. Its error is an [*Error]
// with [ErrKeysUnavailable]; the Verifier keeps trying. With several tenants, the keys of one of
// them are enough.
func (v *Verifier) Warm(ctx context.Context) error {
	if v == nil || v.keys == nil {
		return errNotNew
	}
	return v.keys.warm(ctx)
}

// Close ends the fetching of keys and waits for it, five seconds at most: it abandons an HTTP
// client, an observer or a disk that does not return. It may be called more than once; afterwards
// every call returns [ErrClosed].
func (v *Verifier) Close() error {
	if v == nil || v.keys == nil {
		return nil
	}
	v.observers.close()
	v.keys.close(&v.observers.running)
	v.closeIdle()
	return nil
}

// Forget drops all cached tokens: each is verified again the next time it comes.
func (v *Verifier) Forget() {
	if v != nil && v.cache != nil {
		v.cache.forgetAll()
	}
}

// Verify checks a token, which must be the text after "Bearer ", and returns its claims. It waits
// for Entra only if no key is known yet, or not the one that signed the token, until ctx ends and
// for ten seconds at most.
//
// Its error is an [*Error], or [ErrClosed]. One that wraps [ErrUnavailable] says nothing about the
// token.
func (v *Verifier) Verify(ctx context.Context, token string) (*Claims, error) {
	c, err := v.verify(ctx, token)
	if err != nil {
		return nil, v.rejected(ctx, err)
	}
	return c, nil
}

// rejected tells the observers that a token was not accepted, and returns the error for the caller.
func (v *Verifier) rejected(ctx context.Context, err error) error {
	if e, ok := err.(*Error); ok {
		v.answers(e)
		v.observers.tellAndWait(ctx, Event{Kind: EventRejected, Time: time.Now(), Err: err})
	}
	return err
}

// Authorize is [Verifier.Verify], and then each of reqs: what a middleware does with a token. The
// error of a requirement that is not an [*Error] is wrapped in one.
func (v *Verifier) Authorize(ctx context.Context, token string, reqs ...Requirement) (*Claims, error) {
	c, err := v.Verify(ctx, token)
	if err != nil {
		return nil, err
	}
	if err := v.meet(ctx, c, reqs); err != nil {
		return nil, err
	}
	return c, nil
}

// meet returns why c does not meet reqs, nil if it does.
func (v *Verifier) meet(ctx context.Context, c *Claims, reqs []Requirement) error {
	for _, req := range reqs {
		if err := meet(req, c); err != nil {
			if e, ok := err.(*Error); ok {
				err = e.clone() // a requirement may return the same one again
			}
			return v.rejected(ctx, err)
		}
	}
	return nil
}

// verify looks for the token in the cache first.
func (v *Verifier) verify(ctx context.Context, token string) (*Claims, error) {
	switch {
	case v == nil || v.keys == nil:
		return nil, errNotNew
	case v.keys.closed.Load():
		return nil, ErrClosed
	}
	dot := strings.LastIndexByte(token, '.')
	signature := token[dot+1:]
	if dot < 0 || len(signature) > maxSignature || len(token) > maxToken {
		return nil, malformed(formError(token))
	}
	id := v.cache.id(signature)
	if found := v.cache.get(id); found != nil && found.is(token[:dot], signature) {
		if now := time.Now(); found.isCurrent(now) && v.keys.isCurrent(found.kid, found.key, now) {
			return found.claims, nil
		}
		v.cache.forget(id)
	}
	return v.verifyNew(ctx, token, id)
}

// verifyNew verifies a token that is not remembered.
func (v *Verifier) verifyNew(ctx context.Context, token string, id tokenID) (*Claims, error) {
	s := newScratch()
	defer s.free()
	j, err := readJWS(token, v.header.Load(), s)
	if err != nil {
		return nil, malformed(err)
	}
	key := v.keys.known(j.kid, time.Now())
	if key == nil {
		if key, err = v.keys.find(ctx, j); err != nil {
			return nil, err
		}
	}
	// Many requests with the same new token share one verification.
	done, err, shared := v.flights.Do(token, func() (any, error) { return v.verifyOnce(token, j, id, key, s) })
	if e, ok := err.(*Error); ok && shared {
		return nil, e.clone()
	}
	if err != nil {
		return nil, err
	}
	return done.(*Claims), nil
}

// verifyOnce checks a token with its key, and remembers it if it is good.
func (v *Verifier) verifyOnce(token string, j jws, id tokenID, key *signingKey, s *scratch) (*Claims, error) {
	signature := token[len(j.signed)+1:]
	// Another verification may have ended since the caller looked.
	if found := v.cache.get(id); found != nil && found.is(j.signed, signature) && found.key == key && found.isCurrent(time.Now()) {
		return found.claims, nil
	}
	if err := j.verify(key.public, s); err != nil {
		return nil, newError(ErrSignature, "key "+quoted(j.kid), "a signature by it")
	}
	c, err := readClaims(string(j.payload))
	if err != nil {
		return nil, malformed(err)
	}
	now := time.Now()
	if err := v.rules.check(c, key, now); err != nil {
		return nil, err
	}
	end := now.Add(rememberFor)
	if c.ExpiresOn.Before(end) {
		end = c.ExpiresOn // what the skew adds is checked each time
	}
	r := &remembered{signed: strings.Clone(j.signed), signature: digest(signature), claims: c, kid: strings.Clone(j.kid), key: key, until: end}
	if r.isCurrent(now) {
		v.cache.put(id, r, now)
	}
	if known := v.header.Load(); known == nil || known.kid != j.kid {
		v.header.Store(j.header())
	}
	return c, nil
}
