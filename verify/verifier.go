package verify

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"golang.org/x/sync/singleflight"
)

// Verifier checks tokens. One serves a whole program: it is safe for concurrent use.
type Verifier struct {
	rules   rules
	keys    *keyring
	cache   *cache
	flights singleflight.Group
	logger  *slog.Logger
	onEvent func(Event)
}

// New returns a Verifier. It does no I/O: the keys are fetched when the first token comes, or by [Verifier.Warm]. Its errors are
// mistakes in opts.
func New(opts Options) (*Verifier, error) {
	r, s, err := opts.resolve()
	if err != nil {
		return nil, err
	}
	v := &Verifier{rules: r, cache: newCache(), logger: opts.Logger, onEvent: opts.OnEvent}
	v.keys = newKeyring(s, keyFile{opts.KeyFile, s.name()}, v.emit)
	return v, nil
}

// Warm gets the keys, so that the first caller does not wait for them. Its error is an [*Error] with [ErrKeysUnavailable]; the
// Verifier goes on trying.
func (v *Verifier) Warm(ctx context.Context) error { return v.keys.warm(ctx) }

// Close ends the fetching of keys and waits for it. It may be called more than once; after it every call gives [ErrClosed].
func (v *Verifier) Close() error {
	v.keys.close()
	return nil
}

// Verify checks a token, which must be the text after "Bearer ", and gives its claims. It waits for Entra only where no key is
// known yet, or not the one that signed the token; ctx bounds that, and so do ten seconds.
//
// Its error is an [*Error], or [ErrClosed]. [ErrKeysUnavailable] is the one that says nothing about the token.
func (v *Verifier) Verify(ctx context.Context, token string) (*Claims, error) {
	c, err := v.verify(ctx, token)
	if err != nil && !errors.Is(err, ErrClosed) {
		v.emit(Event{Kind: EventRejected, Time: time.Now(), Err: err})
	}
	return c, err
}

// Authorize is [Verifier.Verify], and then each of reqs: what a middleware does with a token. Its error may also be that of a
// requirement.
func (v *Verifier) Authorize(ctx context.Context, token string, reqs ...Requirement) (*Claims, error) {
	c, err := v.Verify(ctx, token)
	if err != nil {
		return nil, err
	}
	for _, req := range reqs {
		if err := req(c); err != nil {
			v.emit(Event{Kind: EventRejected, Time: time.Now(), Err: err})
			return nil, err
		}
	}
	return c, nil
}

func (v *Verifier) verify(ctx context.Context, token string) (*Claims, error) {
	if v.keys.closed.Load() {
		return nil, ErrClosed
	}
	if len(token) > maxToken {
		return nil, malformed(errTooLong)
	}
	now := time.Now()
	id := v.cache.id(token)
	if found, ok := v.cache.get(id); ok {
		if now.Before(found.until) && v.keys.holds(found.kid, found.key, now) {
			return found.claims, nil
		}
		v.cache.forget(id)
	}
	kid, err := keyID(token)
	if err != nil {
		return nil, malformed(err)
	}
	key, err := v.keys.find(ctx, kid)
	if err != nil {
		return nil, err
	}
	// Many requests with one new token are one verification.
	done, err, _ := v.flights.Do(string(id[:]), func() (any, error) { return v.judge(token, id, kid, key) })
	if err != nil {
		return nil, err
	}
	return done.(*Claims), nil
}

// judge checks a token of a key, and remembers it if it is good.
func (v *Verifier) judge(token string, id tokenID, kid string, key *signingKey) (*Claims, error) {
	// Between the caller's look and this one another verification may have ended.
	if found, ok := v.cache.get(id); ok && found.key == key && time.Now().Before(found.until) {
		return found.claims, nil
	}
	payload, err := verifyJWS(token, key.public)
	if err != nil {
		return nil, &Error{sentinel: ErrSignature, Found: "key " + quoted(kid), Wanted: "a signature by it"}
	}
	c, err := readClaims(payload)
	if err != nil {
		return nil, malformed(err)
	}
	now := time.Now()
	if err := v.rules.check(c, key, now); err != nil {
		return nil, err
	}
	until := now.Add(rememberFor)
	if c.ExpiresOn.Before(until) {
		until = c.ExpiresOn // what the skew adds is looked at anew each time
	}
	if now.Before(until) {
		v.cache.put(id, remembered{claims: c, kid: kid, key: key, until: until}, now)
	}
	return c, nil
}

// malformed is the error of a token that is refused for its form.
func malformed(err error) *Error {
	if errors.Is(err, ErrMicrosoftAPI) {
		return &Error{sentinel: ErrMicrosoftAPI, Found: "the header nonce"}
	}
	return &Error{sentinel: ErrMalformed, cause: err}
}
