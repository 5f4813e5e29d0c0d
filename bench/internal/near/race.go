//go:build race

package near

// raced says whether the race detector is on.
const raced = true
