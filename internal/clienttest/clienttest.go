// Package clienttest makes the clients of tests in which a client is only the source of tokens.
package clienttest

import (
	"testing"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
)

// New returns a client that ends with the test. Unless opts say otherwise, its environment names no
// host.
func New(tb testing.TB, opts aztoken.Options) *aztoken.Client {
	tb.Helper()
	if opts.Getenv == nil {
		opts.Getenv = func(string) string { return "" }
	}
	c, err := aztoken.NewClient(&opts)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := c.Close(); err != nil {
			tb.Error(err)
		}
	})
	return c
}

// Over is [New] for a client of imds, without a socket between them.
func Over(tb testing.TB, imds *imdstest.Server, opts aztoken.Options) *aztoken.Client {
	tb.Helper()
	opts.Transport = imds
	return New(tb, opts)
}
