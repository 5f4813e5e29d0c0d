// Package publicapi reads what pkg.go.dev shows of a module, for tests that hold it to a rule: every
// function and method that a program may call has an example, which runs.
package publicapi
