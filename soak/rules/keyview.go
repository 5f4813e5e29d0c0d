package rules

import (
	"encoding/json"
	"maps"
	"time"
)

// Keyview is what one verifier was told about Entra's keys, as seen by the transport beneath it,
// and so what it must know. Its methods return a new value: a Keyview is a snapshot.
type Keyview struct {
	known   map[string]bool // by kid
	absent  map[string]absence
	fetched time.Time // zero: never
	asking  bool      // a fetch is under way
	failed  time.Time // the end of the last failed fetch; zero: none since one that worked
}

// absence is since when answers have lacked a key that is known.
type absence struct {
	since   time.Time
	answers int
}

// Known returns the view of a verifier that has read keys, fetched then, from its key file.
func Known(keys map[string]bool, fetched time.Time) Keyview {
	return Keyview{known: keys, fetched: fetched}
}

// Asking returns the view once a fetch has begun.
func (k Keyview) Asking() Keyview {
	k.asking = true
	return k
}

// Fetched returns the view once a fetch has brought keys. Those that it lacks are known for a while
// yet: Entra's servers differ for hours during a rollover.
func (k Keyview) Fetched(keys map[string]bool, now time.Time) Keyview {
	next := Known(maps.Clone(keys), now)
	next.absent = map[string]absence{}
	for kid := range k.known {
		a := k.absent[kid]
		if a.answers++; a.answers == 1 {
			a.since = now
		}
		if !keys[kid] && (a.answers < absentTimes || now.Sub(a.since) < absentFor) {
			next.known[kid], next.absent[kid] = true, a
		}
	}
	return next
}

// Failed returns the view once a fetch has failed.
func (k Keyview) Failed(now time.Time) Keyview {
	k.asking, k.failed = false, now
	return k
}

// Keys returns the known keys. They must not be changed.
func (k Keyview) Keys() map[string]bool { return k.known }

// isUsable reports whether the keys are young enough to verify with.
func (k Keyview) isUsable(now time.Time, slack time.Duration) bool {
	return !k.fetched.IsZero() && now.Add(slack).Before(k.fetched.Add(keepKeys))
}

// ReadKeys returns the key ids of a key document: those of Entra's own keys, which come with a
// certificate. It reports whether there are any.
func ReadKeys(body []byte) (keys map[string]bool, ok bool) {
	var document struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if json.Unmarshal(body, &document) != nil {
		return nil, false
	}
	keys = map[string]bool{}
	for _, raw := range document.Keys {
		var key struct {
			KeyID       string   `json:"kid"`
			Certificate []string `json:"x5c"`
		}
		if json.Unmarshal(raw, &key) == nil && len(key.Certificate) > 0 {
			keys[key.KeyID] = true
		}
	}
	return keys, len(keys) > 0
}
