// Package load sends requests to a server and measures how long they take.
package load

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Steady sends n requests from several callers, each of which sends one request after another on
// one connection. It returns how long each request took, in no particular order. Anything but
// success is an error.
func Steady(n, callers int, request func() *http.Request) ([]time.Duration, error) {
	each := n / callers
	took := make([]time.Duration, each*callers)
	failed := make([]error, callers)
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() { failed[i] = inTurn(request, took[i*each:(i+1)*each]) })
	}
	all.Wait()
	for _, err := range failed {
		if err != nil {
			return nil, err
		}
	}
	return took, nil
}

func inTurn(request func() *http.Request, took []time.Duration) error {
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	for i := range took {
		start := time.Now()
		resp, err := transport.RoundTrip(request())
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		if err != nil {
			return err
		}
		if resp.StatusCode/100 != 2 {
			return fmt.Errorf("the answer is %s", resp.Status)
		}
		took[i] = time.Since(start)
	}
	return nil
}

// Percentile returns a percentile of durations, which it sorts.
func Percentile(all []time.Duration, p int) time.Duration {
	slices.Sort(all)
	return all[min(len(all)-1, len(all)*p/100)]
}

// Milliseconds converts a duration to the unit that results use.
func Milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
