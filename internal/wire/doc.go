// Package wire is what every identity endpoint shares: an HTTP client that leaks nothing, a
// parser that reads every form of reply seen in the field, and the judgement which failures are
// worth another try.
package wire
