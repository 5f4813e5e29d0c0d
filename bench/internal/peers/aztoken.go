package peers

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/seed-ac726066/aztoken"
)

// Aztoken returns a client with the default policy, HalfLife.
func Aztoken() Library {
	return Library{Name: "aztoken", New: func(e Endpoint) (Client, error) { return newAztoken(e, aztoken.HalfLife()) }}
}

// AztokenMaxAge returns a client that replaces its token at the age d.
func AztokenMaxAge(d time.Duration) Library {
	return Library{Name: fmt.Sprintf("aztoken, MaxAge(%.0fh)", d.Hours()), New: func(e Endpoint) (Client, error) {
		return newAztoken(e, aztoken.MaxAge(d))
	}}
}

type aztokenClient struct {
	*aztoken.Client
	resource string
}

func newAztoken(e Endpoint, refresh aztoken.RefreshPolicy) (Client, error) {
	opts := &aztoken.Options{
		Refresh: refresh,
		Getenv:  func(string) string { return "" }, // IMDS, wherever this runs
	}
	opts.Transport = &http.Client{Transport: e.Transport}
	return NewAztoken(opts, e.Resource)
}

// NewAztoken is a client with options of the caller's own.
func NewAztoken(opts *aztoken.Options, resource string) (Client, error) {
	c, err := aztoken.NewClient(opts)
	if err != nil {
		return nil, err
	}
	return aztokenClient{c, resource}, nil
}

func (c aztokenClient) Token(ctx context.Context) (string, time.Time, error) {
	t, err := c.Client.Token(ctx, c.resource)
	return t.Value(), t.ExpiresOn, err
}

func (c aztokenClient) Authorize(base http.RoundTripper) (http.RoundTripper, error) {
	return &aztoken.Transport{Client: c.Client, Resource: c.resource, Base: base}, nil
}
