//go:build race

package near

// raced reports whether the race detector is on.
const raced = true
