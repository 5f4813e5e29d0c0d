package peers

import (
	"context"
	"net/http"
	"time"

	"golang.org/x/oauth2"
)

// OAuth2 is x/oauth2's ReuseTokenSource. It is left at its early expiry of ten seconds: a longer
// one is a longer time without a token in an outage, as it does not fall back on the token that it
// has.
func OAuth2() Library {
	return Library{Name: "x/oauth2", Locks: true, New: func(e Endpoint) (Client, error) {
		return oauth2Client{oauth2.ReuseTokenSource(nil, oauth2Source{newSource(e)}), closed{}}, nil
	}}
}

type oauth2Source struct{ *source }

// Token has no context to pass on: the interface of TokenSource knows none.
func (s oauth2Source) Token() (*oauth2.Token, error) {
	value, expires, err := s.get(context.Background())
	if err != nil {
		return nil, err
	}
	return &oauth2.Token{AccessToken: value, TokenType: "Bearer", Expiry: expires}, nil
}

type oauth2Client struct {
	source oauth2.TokenSource
	closed
}

func (c oauth2Client) Token(context.Context) (string, time.Time, error) {
	t, err := c.source.Token()
	if err != nil {
		return "", time.Time{}, err
	}
	return t.AccessToken, t.Expiry, nil
}

func (c oauth2Client) Authorize(base http.RoundTripper) (http.RoundTripper, error) {
	return &oauth2.Transport{Source: c.source, Base: base}, nil
}
