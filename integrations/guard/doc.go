// Package guard has no code, only tests: aztoken guard behind real reverse proxies, which load the
// very files of examples/guard with other ports and paths. It is a package of its own, as the tests
// of package integrations run in a network of their own.
package guard
