package main

import (
	"testing"
	"testing/synctest"
)

// inFastMotion runs f on a virtual clock that jumps ahead whenever nothing is left to do, so that
// days pass in milliseconds with the library as it is. The clock is that of testing/synctest and
// for tests only, so f runs as the one test of this program, which ends with it: PASS or FAIL, and
// the exit status.
func inFastMotion(f func(*testing.T)) {
	testing.Init()
	testing.Main(
		func(_, _ string) (bool, error) { return true, nil },
		[]testing.InternalTest{{Name: "outage", F: func(t *testing.T) { synctest.Test(t, f) }}},
		nil, nil,
	)
}
