package plan

import "time"

// Course is how the steps of one layer follow each other. Its times are in lifetimes of a token, so
// that a plan for tokens of three minutes has the shape of one for tokens of a day.
type Course struct {
	Layer   Layer
	every   float64 // the mean pause between two steps
	longest float64 // the longest step; 0: they happen in an instant
	size    func(lifetime time.Duration) (low, high time.Duration)
	kinds   []kind
}

// Virtual returns the courses of a run in virtual time. The longest steps exceed what each end can
// bear: an outage of the endpoint outlasts a whole token, one of the keys the day for which they
// serve.
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

// Real returns the courses of a run in real time: with steps of the wall clock, as in virtual time
// there is one clock only, and eight times as dense, as there is no time for long pauses.
func Real() []Course {
	all := append(Virtual(), Course{Layer: Wall, every: 4, longest: 0.5, size: upToMaxWall, kinds: wallKinds()})
	for i := range all {
		all[i].every /= 8
	}
	return all
}

// maxWall keeps a step of the wall clock below the five minutes for which a verifier accepts a
// token that is not valid yet.
const maxWall = 4 * time.Minute

func upToALife(lifetime time.Duration) (low, high time.Duration) {
	return lifetime / secondsOfDay, lifetime
}

func upToMaxWall(lifetime time.Duration) (low, high time.Duration) {
	return min(time.Second, lifetime), min(maxWall, 2*lifetime)
}
