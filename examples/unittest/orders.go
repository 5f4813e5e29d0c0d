// Package orders is a service that calls another one. Its test shows how to test such code with
// imdstest, without mocks and with outages on demand.
package orders

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/seed-ac726066/aztoken"
)

// Resource is the App ID URI of the stock service.
const Resource = "https://stock.example.com"

// Stock asks the stock service.
type Stock struct {
	url string
	api *http.Client
}

// NewStock returns a Stock that makes its requests with a copy of base, using the tokens of client.
// A nil base is http.DefaultClient.
func NewStock(url string, base *http.Client, client *aztoken.Client) *Stock {
	return &Stock{url: url, api: client.Wrap(base, Resource)}
}

// Left returns how many of an item are left.
func (s *Stock) Left(ctx context.Context, item string) (left int, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/left/"+item, nil)
	if err != nil {
		return 0, err
	}
	resp, err := s.api.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("orders: the stock service says %s", resp.Status)
	}
	return left, json.NewDecoder(resp.Body).Decode(&left)
}
