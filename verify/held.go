package verify

import "time"

// held are the usable keys of one document, by their id.
type held map[string]heldKey

// heldKey is a key, and since when the answers lack it.
type heldKey struct {
	key    *signingKey
	absent absence
}

// absence is how long a key has been missing from the answers. Zero: it is in the newest.
//
// Entra's documents come from several servers, which differ for hours during a rollover: a key that
// one of them lacks still signs tokens.
type absence struct {
	Since   time.Time `json:"since"`   // the first answer without the key
	Answers int       `json:"answers"` // without it in a row
}

const (
	// A key is dropped when no answer of a whole hour, and of ten at least, has had it.
	absentFor     = time.Hour
	absentAnswers = 10
)

// over reports whether a key that has been missing so long is dropped.
func (a absence) over(now time.Time) bool {
	return a.Answers >= absentAnswers && now.Sub(a.Since) >= absentFor
}

// after returns what is held after an answer. A new key is used at once, one with other material or
// an unusable one replaces the old one at once, and a missing one stays in use until its absence is
// over.
func (h held) after(a answer, now time.Time) held {
	next := make(held, len(a))
	for id, key := range a {
		if key == nil {
			continue
		}
		if old, ok := h[id]; ok && old.key.sameAs(key) {
			key = old.key
		}
		next[id] = heldKey{key: key}
	}
	for id, old := range h {
		if _, named := a[id]; named {
			continue
		}
		if old.absent.Answers++; old.absent.Answers == 1 {
			old.absent.Since = now
		}
		if !old.absent.over(now) && len(next) < maxKeys {
			next[id] = old
		}
	}
	return next
}

// with returns h and the keys of saved, which a file had, as if saved had been held before the
// newest answer: one of a server that lacks a key must not end that because it came before the
// file was read.
func (h held) with(saved held, newest answer, now time.Time) held {
	all := saved.after(newest, now)
	for id, key := range h {
		all[id] = key
	}
	return all
}

// lacking reports whether the newest answer lacks a key that is held.
func (h held) lacking() bool {
	for _, k := range h {
		if k.absent.Answers > 0 {
			return true
		}
	}
	return false
}
