package rules

import "time"

// What docs/design.md promises of a client, in numbers of its own: with the library's constants, a
// mistake in these would be a mistake in the check as well.
const (
	Skew           = 2 * time.Second  // a token is served until its end, less this
	suspension     = 2 * time.Second  // how long callers wait for another token after Invalidate
	replacement    = 10 * time.Second // how long the sender of a rejected request waits for a token
	flightLimit    = 75 * time.Second // how long callers with no token and no deadline wait
	comingBack     = time.Second      // what a try may take beyond its time
	failureLimit   = time.Minute      // how long a failure answers later calls, with a Retry-After
	leastLife      = 3 * time.Second  // with less left a token would expire on its way
	overtakenLimit = 45 * time.Second // more than a try takes, from waiting for a slot to answering
	slots          = 4                // requests of a client that may be in flight
)

// What the documentation of package verify promises.
const (
	SearchEvery = 5 * time.Minute  // the shortest pause between two searches for an unknown key
	keepKeys    = 24 * time.Hour   // how long keys serve after a fetch
	absentFor   = time.Hour        // a key that answers lack serves on so long,
	absentTimes = 10               // and until so many have lacked it
	fetchLimit  = 10 * time.Second // how long a fetch takes at most
	backoff     = time.Minute      // the longest pause after a failed fetch
)
