package plan

import (
	"encoding/base64"
	"net/http"
	"time"
)

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

// oddKeys returns what a key document may contain besides the keys that sign. None of it may
// disturb a verifier.
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
