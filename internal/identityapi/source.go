package identityapi

import (
	"context"
	"time"
)

// Source is where an endpoint's tokens come from.
type Source interface {
	// Token returns a token, or why there is none: the token counts only if the Failure is nil. It
	// is called with well-formed requests only.
	Token(context.Context, Request) (Token, *Failure)
}

// Request is a token request that is well formed.
type Request struct {
	Resource string
	ID       ID // of the identity that is asked for

	// Rejected is the SHA-256, in lower-case hex, of a token that a resource rejected. "": none.
	Rejected string
	// Fresh asks for a token that comes from no cache.
	Fresh bool

	// Tenant and Assertion are workload identity's: the tenant that is asked, and what the client
	// sends in place of a secret. So is CAE: the client supports continuous access evaluation, as
	// it has the capability cp1, and gets longer-lived tokens if it is an application.
	Tenant, Assertion string
	CAE               bool
}

// ID names the identity of a request. The zero value names none.
type ID struct {
	Kind  IDKind
	Value string // as it was sent, so it may be blank
}

// IDKind is the kind of id that names an identity.
type IDKind int

// The kinds of id.
const (
	Unnamed    IDKind = iota
	ClientID          // a GUID
	ObjectID          // a GUID, also called the principal id
	ResourceID        // an ARM id, /subscriptions/…
)

// Token is a success. Its times have whole seconds.
type Token struct {
	Value     string
	ExpiresOn time.Time
	NotBefore time.Time     // zero: not known, and not sent
	FirstLife time.Duration // what was left of it when it was issued; zero: not known

	// The identity that it is for. Blank: not known, and not sent.
	ClientID, ObjectID, ResourceID string

	prepared *prepared // nil: each reply is made anew
}

// Failure is the reason for a missing token. Each endpoint has its own form and text for it.
type Failure struct {
	Reason Reason
	Text   string // what the client is told; "": the endpoint's own words

	Status int    // of Refused; 0: the one that the endpoint has for it
	Code   string // of Refused, as OAuth has it; "": invalid_grant
	Number int    // of Refused: the number behind AADSTS, which makes Text Entra's; 0: none

	Supported  []string      // of ResourceNotFound: the resources that there are
	RetryAfter time.Duration // of Unavailable and Throttled; zero: not sent
}

// Reason classifies a Failure.
type Reason int

// The reasons that a Source has.
const (
	IdentityNotFound  Reason = iota + 1 // no such identity, or none at all
	IdentityAmbiguous                   // several, and the request names none
	ResourceNotFound                    // the tenant has no such resource
	Refused                             // the token service refuses, with its own text
	EntraDown                           // the token service cannot be reached
	Unavailable                         // no token now, but it is worth another try
	Throttled                           // too many requests
)

// Reasons that only an endpoint has, never a Source.
const (
	headerMissing Reason = iota + 100 // Text is its name
	headerWrong                       // Text is its name
	malformed                         // Text says how
	versionUnknown
	resourceMissing
)
