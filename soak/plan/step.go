package plan

import (
	"fmt"
	"time"
)

// Layer is the part of the world that a step breaks or disturbs.
type Layer string

const (
	Endpoint Layer = "endpoint" // what the identity endpoint answers
	Wire     Layer = "wire"     // the connection from the client to the endpoint
	Clock    Layer = "clock"    // the difference between the endpoint's clock and the client's
	Wall     Layer = "wall"     // the wall clock of the process, in real time only
	Keys     Layer = "keys"     // what Entra ID answers to requests for its keys
	Rotation Layer = "rotation" // which keys there are
	Service  Layer = "service"  // the service that is called, and the connection to it
	Callers  Layer = "callers"  // what the program does with its client
	Memory   Layer = "memory"   // how much of it there is
	Process  Layer = "process"  // clients and verifiers that are closed and opened again
)

// Step is one thing that happens to the world.
type Step struct {
	At      time.Duration // since the start
	Lasting time.Duration // 0: it happens in an instant
	Layer   Layer
	Kind    string // the name of its kind, for people
	Action  Action // what happens

	// Size and Count are the random arguments that Action was made from: a latency, a Retry-After
	// or the error of a clock; a number of callers, tokens or allocations.
	Size  time.Duration
	Count int
}

func (s Step) String() string {
	return fmt.Sprintf("%v %s %s for %v (size %v, count %d)", s.At, s.Layer, s.Kind, s.Lasting, s.Size, s.Count)
}
