package plan

import (
	"encoding/base64"
	"net/http"
	"time"
)

// Course is how the steps of one layer follow each other. Its times are in lifetimes of a token, so that a plan for
// tokens of three minutes has the shape of one for tokens of a day.
type Course struct {
	Layer   Layer
	every   float64 // the mean pause between two steps
	longest float64 // the longest step; 0: they happen in an instant
	size    func(lifetime time.Duration) (low, high time.Duration)
	kinds   []kind
}

// Virtual returns the courses of a run in virtual time. The longest steps exceed what each end can bear: an outage of
// the endpoint outlasts a whole token, one of the keys the day for which they serve.
func Virtual() []Course {
	return []Course{
		{Layer: Endpoint, every: 1.5, longest: 1.5, kinds: endpointKinds()},
		{Layer: Wire, every: 2, longest: 0.25, kinds: wireKinds()},
		{Layer: Clock, every: 3, longest: 2, size: upToALife, kinds: clockKinds()},
		{Layer: Keys, every: 5, longest: 1.3, kinds: keysKinds()},
		{Layer: Rotation, every: 6, kinds: rotationKinds()},
		{Layer: Service, every: 1, longest: 0.125, kinds: serviceKinds()},
		{Layer: Callers, every: 0.4, kinds: callerKinds()},
		{Layer: Memory, every: 8, kinds: memoryKinds()},
		{Layer: Process, every: 5, kinds: processKinds()},
	}
}

// Real returns the courses of a run in real time: with steps of the wall clock, as in virtual time there is one clock
// only, and eight times as dense, as there is no time for long pauses.
func Real() []Course {
	all := append(Virtual(), Course{Layer: Wall, every: 4, longest: 0.5, size: upToMaxWall, kinds: wallKinds()})
	for i := range all {
		all[i].every /= 8
	}
	return all
}

// maxWall keeps a step of the wall clock below the five minutes for which a verifier accepts a token that is not valid
// yet.
const maxWall = 4 * time.Minute

func upToALife(lifetime time.Duration) (low, high time.Duration) {
	return lifetime / secondsOfDay, lifetime
}

func upToMaxWall(lifetime time.Duration) (low, high time.Duration) {
	return min(time.Second, lifetime), min(maxWall, 2*lifetime)
}

func wireKinds() []kind {
	return []kind{
		sized("latency", func(d time.Duration) Action { return WireFault{Connection{Latency: d}} }),
		just("reset", WireFault{Connection{Reset: true}}),
		just("half-open", WireFault{Connection{HalfOpen: true}}),
	}
}

func clockKinds() []kind {
	return []kind{
		sized("endpoint ahead", func(d time.Duration) Action { return ClockSkew{d} }),
		sized("endpoint behind", func(d time.Duration) Action { return ClockSkew{-d} }),
	}
}

func wallKinds() []kind {
	return []kind{
		sized("ahead", func(d time.Duration) Action { return WallClock{d} }),
		sized("back", func(d time.Duration) Action { return WallClock{-d} }),
	}
}

func rotationKinds() []kind {
	return []kind{
		just("rotate", KeyRotation{Sign: true}),
		just("publish", KeyRotation{Publish: true}),
		just("withdraw", KeyRotation{Withdraw: true}),
		// As when a key was stolen: the tokens that are out are worthless from now on.
		just("rotate and withdraw", KeyRotation{Sign: true, Withdraw: true}),
		just("odd keys", KeyRotation{Odd: oddKeys()}),
	}
}

// oddKeys returns what a key document may contain besides the keys that sign. None of it may disturb a verifier.
func oddKeys() []map[string]any {
	short := base64.RawURLEncoding.EncodeToString(make([]byte, 128))
	return []map[string]any{
		{"kty": "EC", "kid": "elliptic", "crv": "P-256", "x": "AA", "y": "AA"},
		{"kty": "RSA", "kid": "short", "n": short, "e": "AQAB"},
		{"kty": "RSA", "kid": "for-encryption", "use": "enc", "n": short, "e": "AQAB"},
		{"kty": "RSA", "n": short, "e": "AQAB"},
		{"kty": 7, "kid": []string{"odd"}},
	}
}

// Claims are those of a claims challenge.
const Claims = `{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}`

func serviceKinds() []kind {
	claims := base64.StdEncoding.EncodeToString([]byte(Claims))
	unauthorized := func(name, challenge string) kind {
		return just(name, ServiceFault{Status: http.StatusUnauthorized, Challenge: challenge})
	}
	return []kind{
		sized("latency", func(d time.Duration) Action { return ServiceFault{Connection: Connection{Latency: d}} }),
		just("reset", ServiceFault{Connection: Connection{Reset: true}}),
		just("half-open", ServiceFault{Connection: Connection{HalfOpen: true}}),
		just("503", ServiceFault{Status: http.StatusServiceUnavailable}),
		unauthorized("401", `Bearer error="invalid_token"`),
		unauthorized("401 with claims", `Bearer error="insufficient_claims", claims="`+claims+`"`),
		unauthorized("401 for another scheme", "Negotiate"),
	}
}

func callerKinds() []kind {
	return []kind{
		counted("stampede", func(n int) Action { return Stampede{Count: n} }),
		counted("stampede of cancelled", func(n int) Action { return Stampede{Count: n, Cancelled: true} }),
		just("invalidate", Invalidation{}),
		just("invalidate and hang", Invalidation{Hang: true}),
		just("claims", ClaimsCall{}),
		counted("made-up tokens", func(n int) Action { return MadeUpTokens{n} }),
		just("subscribe", Subscription{}),
	}
}

func memoryKinds() []kind {
	return []kind{
		counted("garbage", func(n int) Action { return Pressure{Pieces: 2 * n} }),
		counted("tight limit", func(n int) Action { return Pressure{Pieces: 2 * n, Tight: true} }),
	}
}

func processKinds() []kind {
	return []kind{
		just("client", Restart{Client: true}),
		just("verifier", Restart{Verifier: true}),
		just("verifier without its key file", Restart{Verifier: true, ForgetKeys: true}),
		just("client and verifier", Restart{Client: true, Verifier: true}),
	}
}
