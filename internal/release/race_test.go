//go:build race

package main

// raced reports whether the race detector is on, as in the second of two runs of all tests.
const raced = true
