package world

import (
	"runtime"
	"runtime/debug"
	"time"

	"github.com/seed-ac726066/aztoken/soak/plan"
	"github.com/seed-ac726066/aztoken/soak/rules"
)

// lookAtMemory counts goroutines and weighs the heap, in a quiet moment.
func (w *World) lookAtMemory() {
	if w.calling.Load() > 0 {
		return
	}
	n := goroutines()
	logged := 0
	w.journal.count(func(t *Tally) {
		t.Looks++
		t.MostGoroutines = max(t.MostGoroutines, n)
		logged = min(t.Requests, loggedRequests) + min(2*t.Fetches, loggedRequests)
	})
	w.journal.report(rules.Goroutines(n))
	w.Heap.mayGrow(int64(logged-w.logged) * heapOfRequest)
	w.logged = logged
	w.journal.report(rules.Heap(w.Heap.grown(), w.Heap.bound.Load()))
}

// press makes garbage, with next to no room for it if the step says so.
func (w *World) press(p plan.Pressure) {
	w.Heap.pressure.Lock()
	defer w.Heap.pressure.Unlock()
	if p.Tight {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		old := debug.SetMemoryLimit(int64(m.HeapAlloc) + 4<<20)
		defer debug.SetMemoryLimit(old)
	}
	garbage := make([][]byte, 16)
	for i := range p.Pieces {
		garbage[i%len(garbage)] = make([]byte, 32<<10)
	}
	runtime.GC()
	for range 8 {
		w.busy.Go(func() { w.call(call{way: byService, resource: orders, patience: time.Minute}) })
	}
	runtime.KeepAlive(garbage)
}
