package world

import (
	"runtime"
	"sync"
	"sync/atomic"
)

const (
	// heapOfRun is what a run may add to the heap, with its tokens, plan and stacks.
	heapOfRun = 16 << 20
	// heapOfRequest is what the fake keeps of each request, and loggedRequests of how many of each
	// kind.
	heapOfRequest  = 3 << 10
	loggedRequests = 10_000
)

// Heap is the memory of a process, which all of its runs share.
type Heap struct {
	before   uint64       // the first run
	bound    atomic.Int64 // what the runs so far may have added
	worst    atomic.Int64
	pressure sync.Mutex // held by the one run that makes memory tight
}

// NewHeap returns a Heap that counts from now.
func NewHeap() *Heap { return &Heap{before: inUse()} }

// Worst returns the most bytes by which the heap had grown.
func (h *Heap) Worst() int64 { return h.worst.Load() }

func (h *Heap) mayGrow(bytes int64) { h.bound.Add(bytes) }

// grown returns by how many bytes the heap has grown.
func (h *Heap) grown() int64 {
	grown := int64(inUse()) - int64(h.before)
	for {
		worst := h.worst.Load()
		if grown <= worst || h.worst.CompareAndSwap(worst, grown) {
			return grown
		}
	}
}

func inUse() uint64 {
	runtime.GC()
	runtime.GC() // what the first found to be finalized
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
