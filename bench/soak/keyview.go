package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"time"
)

// What the documentation of package verify promises, in numbers of its own as in ledger.go.
const (
	keepKeys    = 24 * time.Hour   // keys serve so long after a fetch
	searchEvery = 5 * time.Minute  // a key that is not known is looked for as often as that
	fetchLimit  = 10 * time.Second // a fetch takes no longer
	backoff     = time.Minute      // the longest pause after a fetch that failed
	absentFor   = time.Hour        // a key that answers lack serves on so long,
	absentTimes = 10               // and until so many have
)

// keyview is what one verifier was told about Entra's keys, written down by the transport beneath it, and so what it must
// know.
type keyview struct {
	known   map[string]bool
	absent  map[string]absence
	fetched time.Time // zero: never
	asking  bool      // a fetch is under way
	failed  time.Time // the end of the last fetch that failed; zero: none since one that worked
}

// absence is since when answers have lacked a key that is known.
type absence struct {
	since   time.Time
	answers int
}

// answered is the view after an answer with keys: those that it lacks are known for a while yet.
func (k keyview) answered(kids map[string]bool, now time.Time) keyview {
	next := keyview{known: maps.Clone(kids), absent: map[string]absence{}, fetched: now}
	for kid := range k.known {
		a := k.absent[kid]
		if a.answers++; a.answers == 1 {
			a.since = now
		}
		if !kids[kid] && (a.answers < absentTimes || now.Sub(a.since) < absentFor) {
			next.known[kid], next.absent[kid] = true, a
		}
	}
	return next
}

func (k keyview) usable(now time.Time, slack time.Duration) bool {
	return !k.fetched.IsZero() && now.Add(slack).Before(k.fetched.Add(keepKeys))
}

// hop is one request that reached the service, and what was known about its verifier when it came and when it was answered.
type hop struct {
	start, end    time.Time
	kid           string
	before, after keyview
	published     time.Time // when Entra published the key; zero: it does not
	over          bool      // the caller's context had ended
	status        int
	slack         time.Duration
}

// findings are the rules that the service broke. The token is good in all but perhaps its key.
func (h hop) findings() (all []finding) {
	broke := func(r rule, format string, args ...any) { all = append(all, finding{r, fmt.Sprintf(format, args...)}) }
	took := h.end.Sub(h.start)
	if h.before.known[h.kid] && h.before.usable(h.start, h.slack) && h.after.known[h.kid] && h.after.usable(h.end, h.slack) {
		if (h.status != 200 || took > h.slack) && !(h.status == 503 && h.over) { // whose key file is still being read
			broke(accepts, "%d after %v", h.status, took)
		}
		return all
	}
	if took > fetchLimit+h.slack {
		broke(accepts, "%d after %v", h.status, took)
	}
	switch h.status {
	case 200:
		if h.published.IsZero() && !h.before.known[h.kid] && !h.after.known[h.kid] {
			broke(refuses, "200 for a key that is not published")
		}
		if !h.before.usable(h.start, -h.slack) && !h.after.usable(h.end, -h.slack) {
			broke(refuses, "200 by keys that were fetched %v ago", h.end.Sub(h.after.fetched))
		}
	case 401:
		fresh := !h.published.IsZero() && h.end.Sub(h.published) > searchEvery+fetchLimit+h.slack
		if fresh && h.after.failed.IsZero() && !h.after.asking {
			broke(refuses, "401 for a key that is published since %v", h.end.Sub(h.published))
		}
	case 503:
		recent := !h.after.failed.IsZero() && h.end.Sub(h.after.failed) <= backoff+fetchLimit+h.slack
		if !recent && !h.after.asking && !h.over {
			broke(refuses, "503 though Entra can be asked")
		}
	default:
		broke(refuses, "%d", h.status)
	}
	return all
}

// readKeys reads a key document as far as it has Entra's own keys, which come with a certificate.
func readKeys(body []byte) (kids map[string]bool, ok bool) {
	var document struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if json.Unmarshal(body, &document) != nil {
		return nil, false
	}
	kids = map[string]bool{}
	for _, raw := range document.Keys {
		var key struct {
			Kid         string   `json:"kid"`
			Certificate []string `json:"x5c"`
		}
		if json.Unmarshal(raw, &key) == nil && len(key.Certificate) > 0 {
			kids[key.Kid] = true
		}
	}
	return kids, len(kids) > 0
}
