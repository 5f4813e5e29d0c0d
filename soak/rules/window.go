package rules

import "time"

// window holds the moments of the last stretch of time.
type window struct{ times []time.Time }

// add notes a moment and returns how many there were in the stretch that ends with it.
func (w *window) add(now time.Time, stretch time.Duration) int {
	w.times = append(w.times, now)
	return w.count(now, stretch)
}

// count returns how many moments there were in the stretch that ends now.
func (w *window) count(now time.Time, stretch time.Duration) int {
	for len(w.times) > 0 && now.Sub(w.times[0]) >= stretch {
		w.times = w.times[1:]
	}
	return len(w.times)
}
