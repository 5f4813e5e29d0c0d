//go:build race

package verify_test

// raced says whether the race detector is on, which allocates and makes RSA slow.
const raced = true
