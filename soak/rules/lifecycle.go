package rules

import "time"

// Closed judges how long a part of the program took to close, and with which error.
func Closed(part string, took time.Duration, err error, slack time.Duration) []Finding {
	if err == nil && took <= slack {
		return nil
	}
	return []Finding{found(EndsCleanly, "the %s took %v to close: %v", part, took, err)}
}

// Reopened judges the error of opening a part of the program again.
func Reopened(err error) []Finding {
	if err == nil {
		return nil
	}
	return []Finding{found(EndsCleanly, "it could not be opened again: %v", err)}
}

// RequestAfterClose is the finding of a request that a closed client made.
func RequestAfterClose() Finding { return found(EndsCleanly, "a request after Close") }

// LeftBehind judges the number of goroutines after a run against that before it.
func LeftBehind(before, after int) []Finding {
	if after <= before {
		return nil
	}
	return []Finding{found(EndsCleanly, "%d goroutines before the run and %d after it", before, after)}
}

// atRest is how many goroutines a run has in a quiet moment: a few of its own, one of the verifier,
// and what sockets take. A goroutine that each refresh left behind would exceed it within weeks.
const atRest = 40

// Goroutines judges the number of goroutines in a quiet moment.
func Goroutines(n int) []Finding {
	if n <= atRest {
		return nil
	}
	return []Finding{found(NoGrowth, "%d goroutines at rest; the limit is %d", n, atRest)}
}

// Heap judges by how many bytes the heap has grown.
func Heap(grown, most int64) []Finding {
	if grown <= most {
		return nil
	}
	return []Finding{found(NoGrowth, "the heap grew by %d MiB; the limit is %d", grown>>20, most>>20)}
}
