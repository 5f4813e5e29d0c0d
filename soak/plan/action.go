package plan

import (
	"time"

	"github.com/seed-ac726066/aztoken/imdstest"
)

// Action is what a step does, with all its arguments. It is one of the types of this file.
type Action interface{ isAction() }

// The actions of lasting steps.
type (
	// EndpointFault is how the identity endpoint fails.
	EndpointFault struct{ imdstest.Fault }
	// KeysFault is how Entra ID fails when it is asked for its documents.
	KeysFault struct{ imdstest.Fault }
	// WireFault is the state of the connection to the endpoint.
	WireFault struct{ Connection }
	// ServiceFault is the state of the connection to the service, and what the service answers in
	// place of its verifier. The zero value is a healthy service.
	ServiceFault struct {
		Connection
		Status    int    // 0: the verifier decides
		Challenge string // the WWW-Authenticate of the answer
	}
	// ClockSkew is how far the endpoint's clock is ahead of the client's. It may be negative.
	ClockSkew struct{ Ahead time.Duration }
	// WallClock sets the wall clock of the process ahead. It may be negative.
	WallClock struct{ Ahead time.Duration }
)

// Connection is the state of a connection. The zero value is a good one.
type Connection struct {
	Latency  time.Duration
	Reset    bool // every other request arrives, and only its answer is lost
	HalfOpen bool // requests get no answer before their context ends
}

// IsBroken reports whether the connection is in any other state than the good one.
func (c Connection) IsBroken() bool { return c != Connection{} }

// The actions that happen in an instant.
type (
	// KeyRotation changes the signing keys, in the order of its fields.
	KeyRotation struct {
		Sign     bool             // with a new key, which is published
		Publish  bool             // a key ahead of its use
		Withdraw bool             // all keys but the one that signs
		Odd      []map[string]any // publish these, which sign nothing
	}
	// Stampede is that many calls at once. With Cancelled each gives up at a moment of its own.
	Stampede struct {
		Count     int
		Cancelled bool
	}
	// Invalidation reports the token in hand as rejected. With Hang the endpoint does not answer
	// the request for another.
	Invalidation struct{ Hang bool }
	// ClaimsCall asks for a token with the claims of a challenge.
	ClaimsCall struct{}
	// MadeUpTokens sends that many tokens that nobody signed to the service.
	MadeUpTokens struct{ Count int }
	// Subscription subscribes to the tokens of a resource for some lifetimes.
	Subscription struct{}
	// Pressure makes garbage, with next to no room for it if Tight.
	Pressure struct {
		Pieces int
		Tight  bool
	}
	// Restart closes parts of the program and opens them again.
	Restart struct {
		Client, Verifier bool
		ForgetKeys       bool // the key file is lost, as on a new machine
	}
)

func (EndpointFault) isAction() {}
func (KeysFault) isAction()     {}
func (WireFault) isAction()     {}
func (ServiceFault) isAction()  {}
func (ClockSkew) isAction()     {}
func (WallClock) isAction()     {}
func (KeyRotation) isAction()   {}
func (Stampede) isAction()      {}
func (Invalidation) isAction()  {}
func (ClaimsCall) isAction()    {}
func (MadeUpTokens) isAction()  {}
func (Subscription) isAction()  {}
func (Pressure) isAction()      {}
func (Restart) isAction()       {}
