package aztoken

// phase is what an entry has for its callers.
//
//	         token came                401                     Invalidate
//	empty ───────────────▶ serving ──────────▶ replacing   serving, ─────────▶ suspended
//	                         ▲                     │       replacing           │      │
//	                         ├─────────────────────┘ flights ended             │      │ 2 s after
//	                         ├─────────────────────────────────────────────────┘      │ Invalidate
//	                         │                       flights ended                    ▼
//	                         └─────────────────────────────────────────────────── replacing
//
// A new token leads to serving from every phase except dropped, which is final: the entry has left
// the cache.
type phase uint8

const (
	empty     phase = iota // no token yet: callers wait for the flight
	serving                // the token is served
	replacing              // it is served while a flight looks for another: a service rejected it
	suspended              // it is withheld for two seconds while a flight looks for another
	dropped                // out of the cache for good
)

// serves reports whether readers see the token.
func (p phase) serves() bool { return p == serving || p == replacing }

// trigger is what moves an entry from one phase to another.
type trigger uint8

const (
	tokenCame      trigger = iota // another token than the one before
	rejected                      // a service rejected the token, and a flight looks for another
	invalidated                   // the same, and callers are to wait for it
	suspensionOver                // they have waited long enough
	flightsEnded                  // the last flight ended without another token
	leave                         // the entry leaves the cache
)

// next returns the phase after t.
func (p phase) next(t trigger) phase {
	switch {
	case p == dropped || t == leave:
		return dropped
	case t == tokenCame:
		return serving
	case p == empty:
		return empty // there is nothing to reject
	case t == invalidated:
		return suspended
	case t == rejected && p == serving, t == suspensionOver && p == suspended:
		return replacing
	case t == flightsEnded:
		return serving
	}
	return p
}
