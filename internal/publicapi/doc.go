// Package publicapi reads what pkg.go.dev shows of a module, for tests of a rule: every function
// and method that a program may call has an example that runs.
package publicapi
