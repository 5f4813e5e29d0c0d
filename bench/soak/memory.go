package main

import (
	"bytes"
	"fmt"
	"regexp"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// atRest is how many goroutines a run has in a quiet moment: a few of its own, one of the verifier, and what sockets
	// take. A goroutine that each refresh leaves behind is beyond it within weeks.
	atRest = 40
	// heapOfRun is what a run may add to the heap, with tokens, plan and stacks.
	heapOfRun = 16 << 20
	// heapOfRequest is what the fake keeps of each request, and loggedRequests of how many of each kind.
	heapOfRequest  = 3 << 10
	loggedRequests = 10_000
)

// heap is the memory that all runs of a process share.
type heap struct {
	before   uint64       // the first run
	bound    atomic.Int64 // what the runs so far may have added
	worst    atomic.Int64
	pressure sync.Mutex // one run at a time makes it tight
}

func newHeap() *heap { return &heap{before: inUse()} }

func inUse() uint64 {
	runtime.GC()
	runtime.GC() // what the first found to be finalized
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// grown is by how much the heap has grown since the start.
func (h *heap) grown() int64 {
	grown := int64(inUse()) - int64(h.before)
	for {
		worst := h.worst.Load()
		if grown <= worst || h.worst.CompareAndSwap(worst, grown) {
			return grown
		}
	}
}

// lookAtMemory counts goroutines and weighs the heap, in a quiet moment.
func (w *world) lookAtMemory() {
	w.mu.Lock()
	calling := w.calling
	w.mu.Unlock()
	if calling > 0 {
		return
	}
	n := goroutines()
	w.mu.Lock()
	w.tally.looks++
	w.tally.mostGoroutines = max(w.tally.mostGoroutines, n)
	logged := min(w.tally.requests, loggedRequests) + min(2*w.tally.fetches, loggedRequests)
	w.mu.Unlock()
	var found []finding
	if n > atRest {
		found = append(found, finding{noGrowth, fmt.Sprintf("%d goroutines at rest, and at most %d", n, atRest)})
	}
	w.heap.bound.Add(int64(logged-w.logged) * heapOfRequest)
	w.logged = logged
	if grown, bound := w.heap.grown(), w.heap.bound.Load(); grown > bound {
		found = append(found, finding{noGrowth, fmt.Sprintf("the heap grew by %d MiB, and by %d at most", grown>>20, bound>>20)})
	}
	w.report(found)
}

var bubble = regexp.MustCompile(`^goroutine \d+ \[[^]]*(synctest bubble \d+)\]`)

// goroutines counts those of the bubble that it is called in, or all where there is none.
func goroutines() int {
	own := make([]byte, 256)
	mine := bubble.FindSubmatch(own[:runtime.Stack(own, false)])
	if mine == nil {
		return runtime.NumGoroutine()
	}
	for size := 1 << 20; ; size *= 2 {
		all := make([]byte, size)
		if n := runtime.Stack(all, true); n < size {
			return bytes.Count(all[:n], append(mine[1], ']'))
		}
	}
}

// press makes garbage, with next to no room for it where the step says so.
func (w *world) press(s step) {
	w.heap.pressure.Lock()
	defer w.heap.pressure.Unlock()
	if s.kind == "tight limit" {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		old := debug.SetMemoryLimit(int64(m.HeapAlloc) + 4<<20)
		defer debug.SetMemoryLimit(old)
	}
	garbage := make([][]byte, 16)
	for i := range s.count * 2 {
		garbage[i%len(garbage)] = make([]byte, 32<<10)
	}
	runtime.GC()
	for range 8 {
		w.busy.Go(func() { w.call(request{way: byService, resource: orders, patience: time.Minute}) })
	}
	runtime.KeepAlive(garbage)
}
