package main

import (
	"net/url"
	"runtime"
	"strconv"
	"testing"
	"testing/synctest"
	"time"
)

// apart is how far the beginnings of two runs of a worker are from each other on the virtual clock:
// so far that no token of the one lives on in the other. MSAL keeps the tokens of a process in one
// place, and each bubble of synctest begins at the same time.
const apart = 2 * duration

// inFastMotion calls f on a virtual clock for each number from 0 to n-1, on all processors. The
// resource is one that no other call has at the same time. The result is whether every call did
// without t.Fail.
func inFastMotion(t *testing.T, n int, f func(t *testing.T, i int, resource string)) bool {
	jobs := make(chan int, n)
	for i := range n {
		jobs <- i
	}
	close(jobs)
	return t.Run("runs", func(t *testing.T) { // returns when the workers are done
		for worker := range runtime.GOMAXPROCS(0) {
			t.Run(strconv.Itoa(worker), func(t *testing.T) {
				t.Parallel()
				resource := "https://orders.example.com/" + url.PathEscape(t.Name())
				begin := time.Duration(0)
				for i := range jobs {
					begin += apart
					synctest.Test(t, func(t *testing.T) {
						time.Sleep(begin)
						f(t, i, resource)
					})
				}
			})
		}
	})
}
