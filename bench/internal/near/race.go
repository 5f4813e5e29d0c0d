//go:build race

package near

// Raced reports whether the race detector is on.
const Raced = true
