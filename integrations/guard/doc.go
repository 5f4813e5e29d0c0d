// Package guard has only tests: aztoken guard behind real reverse proxies, which load the files in
// examples/guard with only ports and paths changed. It is a separate package because the tests of
// package integrations run in a network namespace of their own.
package guard
