//go:build race

package main

// raced says whether the race detector is on, as in the second of two runs of all tests.
const raced = true
