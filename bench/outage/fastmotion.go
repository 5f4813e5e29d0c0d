package main

import (
	"net/url"
	"runtime"
	"strconv"
	"testing"
	"testing/synctest"
	"time"
)

// apart is the time on the virtual clock between the starts of two runs of a worker. It is long
// enough that no token of one run is still valid in the other. MSAL keeps the tokens of a process
// in one place, and each synctest bubble starts at the same time.
const apart = 2 * duration

// inFastMotion calls f on a virtual clock for each number from 0 to n-1, on all processors. No
// other call uses the same resource at the same time. The result is whether no call used t.Fail.
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
