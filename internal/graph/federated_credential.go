package graph

import (
	"context"
	"errors"
	"net/http"
)

// FederatedCredential lets the holder of a token with its issuer, subject and audience act as an
// application. All three must match exactly.
//
// https://learn.microsoft.com/graph/api/resources/federatedidentitycredential
type FederatedCredential struct {
	ID          string   `json:"id,omitempty"`
	Name        string   `json:"name"` // unique in the application, and unchangeable
	Issuer      string   `json:"issuer"`
	Subject     string   `json:"subject"` // "" for one that matches by an expression
	Description string   `json:"description,omitempty"`
	Audiences   []string `json:"audiences"` // exactly one
}

// MaxFederatedCredentials is how many an application can have.
const MaxFederatedCredentials = 20

// FederatedCredentials returns all those of an application, by its object id.
func (c *Client) FederatedCredentials(ctx context.Context, application string) ([]FederatedCredential, error) {
	all, err := list[FederatedCredential](ctx, c, call{
		method: http.MethodGet, path: byID("applications", application, "federatedIdentityCredentials"), needs: ReadApplications,
	})
	if e := (*Error)(nil); errors.As(err, &e) && e.StatusCode == http.StatusOK {
		// Version 1.0 cuts off its answer at a credential that has no subject.
		e.Advice = "or, if the application has a credential that matches by an expression, which version 1.0 of Graph cannot list, use another application"
	}
	return all, err
}

// AddFederatedCredential adds a credential to an application, by its object id.
func (c *Client) AddFederatedCredential(ctx context.Context, application string, f FederatedCredential) error {
	_, err := c.do(ctx, call{
		method: http.MethodPost, path: byID("applications", application, "federatedIdentityCredentials"), needs: WriteApplications, body: f,
	}, nil)
	return err
}

// RemoveFederatedCredential removes a credential by its id. It succeeds if the credential is gone
// already.
func (c *Client) RemoveFederatedCredential(ctx context.Context, application, id string) error {
	_, err := c.do(ctx, call{
		method: http.MethodDelete, path: byID("applications", application, "federatedIdentityCredentials", id), needs: WriteApplications,
	}, nil)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}
