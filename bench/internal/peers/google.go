package peers

import (
	"context"
	"net/http"
	"time"

	"cloud.google.com/go/auth"
	"cloud.google.com/go/auth/httptransport"
)

// Google returns the cached token provider of cloud.google.com/go/auth with its default options: a
// refresh in the background in the last 3 minutes 45 seconds of a token.
func Google() Library {
	return Library{Name: "cloud.google.com/go/auth", Locks: true, New: func(e Endpoint) (Client, error) {
		return googleClient{auth.NewCachedTokenProvider(googleSource{newSource(e)}, nil), closed{}}, nil
	}}
}

type googleSource struct{ *source }

func (s googleSource) Token(ctx context.Context) (*auth.Token, error) {
	value, expires, err := s.get(ctx)
	if err != nil {
		return nil, err
	}
	return &auth.Token{Value: value, Type: "Bearer", Expiry: expires}, nil
}

type googleClient struct {
	provider auth.TokenProvider
	closed
}

func (c googleClient) Token(ctx context.Context) (string, time.Time, error) {
	t, err := c.provider.Token(ctx)
	if err != nil {
		return "", time.Time{}, err
	}
	return t.Value, t.Expiry, nil
}

func (c googleClient) Authorize(base http.RoundTripper) (http.RoundTripper, error) {
	hc := &http.Client{Transport: base}
	err := httptransport.AddAuthorizationMiddleware(hc, auth.NewCredentials(&auth.CredentialsOptions{TokenProvider: c.provider}))
	return hc.Transport, err
}
