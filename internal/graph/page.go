package graph

import (
	"context"
	"net/url"
)

// maxPages is far above the assignments of any application: a page has a hundred.
const maxPages = 1000

// page is a part of a list.
type page[T any] struct {
	Value []T    `json:"value"`
	Next  string `json:"@odata.nextLink"`
}

// list returns the entries of all pages of a list.
func list[T any](ctx context.Context, c *Client, l call) ([]T, error) {
	var all []T
	var p page[T]
	if _, err := c.do(ctx, l, &p); err != nil {
		return nil, err
	}
	for pages := 1; ; pages++ {
		all = append(all, p.Value...)
		if p.Next == "" {
			return all, nil
		}
		if !c.own(p.Next) {
			return nil, &Error{Err: errOtherHost}
		}
		if pages == maxPages {
			return nil, &Error{Err: errTooMany}
		}
		next := p.Next
		p = page[T]{}
		if _, err := c.doAt(ctx, next, l, &p); err != nil {
			return nil, err
		}
	}
}

// own reports whether address is at the same Graph.
func (c *Client) own(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == c.base.Scheme && u.Host == c.base.Host && u.User == nil
}
