// Package wire is what all identity endpoints share: an HTTP client that leaks nothing, a parser
// that reads every form of reply seen in the field, and the decision which failures are worth
// another try.
package wire
