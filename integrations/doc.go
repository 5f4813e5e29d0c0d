// Package integrations has no code, only tests: clients and verifiers of other makers, unmodified,
// against the fake endpoints of package imdstest. It is a module of its own so that none of them is
// a dependency of aztoken.
package integrations
