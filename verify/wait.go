package verify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-ac726066/aztoken/internal/clock"
)

// waitLimit is how long a caller waits for keys at most, even with a later deadline: as long as a
// fetch may take.
const waitLimit = fetchTimeout

var errWaited = fmt.Errorf("no keys within %v: %w", waitLimit, context.DeadlineExceeded)

// find returns the key that is said to have signed a token. For an unknown one it waits for a
// fetch, shared by all such callers, unless one was made recently. The error is an [*Error] or
// ErrClosed.
func (r *keyring) find(ctx context.Context, j jws) (*signingKey, error) {
	if err := r.start(); err != nil {
		return nil, err
	}
	if key := r.known(j.kid, time.Now()); key != nil {
		return key, nil
	}
	documents := r.of(j)
	var key *signingKey
	begun := make(map[*document]int, len(documents)) // fetches, when the caller came
	err := r.await(ctx, documents, func(now time.Time) bool {
		if key = r.known(j.kid, now); key != nil {
			return true
		}
		for _, d := range documents {
			if _, came := begun[d]; !came {
				begun[d] = d.begun
			}
			if d.begun == begun[d] {
				d.want(now)
			}
		}
		return false
	})
	switch {
	case key != nil:
		return key, nil
	case err != nil:
		return nil, err
	}
	if err := r.unavailable(documents); err != nil {
		return nil, err
	}
	return nil, newError(ErrSignature, "key "+quoted(j.kid), "one that Entra ID publishes")
}

// of returns the documents that may have the key of a token.
func (r *keyring) of(j jws) []*document {
	if len(r.documents) == 1 {
		return r.documents
	}
	tenant := j.unverifiedTenant()
	for _, d := range r.documents {
		if d.tenant == tenant {
			return []*document{d}
		}
	}
	return nil // a token of another tenant is never accepted
}

// warm waits until there are keys, or all fetches have failed.
func (r *keyring) warm(ctx context.Context) error {
	if err := r.start(); err != nil {
		return err
	}
	err := r.await(ctx, r.documents, func(now time.Time) bool {
		for _, d := range r.documents {
			if !d.state.usable(now) {
				return false
			}
		}
		return true
	})
	switch {
	case errors.Is(err, ErrClosed):
		return err
	case len(*r.keys.Load()) > 0:
		return nil // a tenant that does not answer does not affect the others
	case err != nil:
		return err
	}
	if err := r.unavailable(r.documents); err != nil {
		return err
	}
	return nil
}

// await calls done under the mutex until it returns true, first at once and then after each change,
// as long as a change of the documents is expected soon. Its error says that the wait has ended.
func (r *keyring) await(ctx context.Context, documents []*document, done func(now time.Time) bool) error {
	if ctx == nil {
		ctx = context.Background()
	}
	limit := time.NewTimer(waitLimit)
	defer limit.Stop()
	for {
		r.mu.Lock()
		now := time.Now()
		ended, expected, changed := done(now), r.expected(documents, now), r.changed
		r.mu.Unlock()
		if ended || !expected {
			return nil
		}
		select {
		case <-changed:
		case <-limit.C:
			return unavailable(r.waited(documents), firstBackoff)
		case <-r.life.Done():
			return ErrClosed
		case <-ctx.Done():
			return unavailable(ctx.Err(), firstBackoff)
		}
	}
}

// waited returns the error of a caller who has waited for the maximum time.
func (r *keyring) waited(documents []*document) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, d := range documents {
		if d.lastErr != nil {
			return d.lastErr
		}
	}
	return errWaited
}

// expected reports whether one of the documents may change soon, and starts the fetches that are
// due. It is called with the mutex held.
func (r *keyring) expected(documents []*document, now time.Time) (soon bool) {
	soon = r.loading && len(documents) > 0 // the file may have a key that a thin answer lacks
	for _, d := range documents {
		switch {
		case d.state.phase == fetching:
			soon = true
		case clock.Until(now, d.due) <= 0:
			soon = true
			d.rouse()
		}
	}
	return soon
}

// unavailable returns the error of a caller whose key is not available now: there are none, or
// Entra could not be asked for newer ones. nil means that Entra was asked and has no other keys.
func (r *keyring) unavailable(documents []*document) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	for _, d := range documents {
		if d.lastErr != nil || !d.state.usable(now) {
			return unavailable(d.lastErr, clock.Until(now, d.due))
		}
	}
	return nil
}
