package peers

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// source requests tokens from IMDS as a careful program does itself, for the libraries of other
// clouds, which cache any source.
type source struct {
	client   *http.Client
	resource string
}

// sourceTimeout is for one request. The libraries around it pass no context or ignore it, so that
// without a limit one hanging request would be the last.
const sourceTimeout = 30 * time.Second

func newSource(e Endpoint) *source {
	return &source{&http.Client{Transport: e.Transport, Timeout: sourceTimeout}, e.Resource}
}

// get asks for a token once: none of these libraries wants its source to retry.
func (s *source) get(ctx context.Context) (value string, expires time.Time, err error) {
	query := url.Values{"api-version": {"2018-02-01"}, "resource": {s.resource}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://169.254.169.254/metadata/identity/oauth2/token?"+query.Encode(), nil)
	if err != nil {
		return "", time.Time{}, err
	}
	req.Header.Set("Metadata", "true")
	resp, err := s.client.Do(req)
	if err != nil {
		return "", time.Time{}, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return "", time.Time{}, fmt.Errorf("peers: the endpoint answered %s", resp.Status)
	}
	var reply struct {
		Value   string `json:"access_token"`
		Expires string `json:"expires_on"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&reply); err != nil {
		return "", time.Time{}, fmt.Errorf("peers: the endpoint's answer: %w", err)
	}
	seconds, err := strconv.ParseInt(reply.Expires, 10, 64)
	if err != nil {
		return "", time.Time{}, fmt.Errorf("peers: expires_on: %w", err)
	}
	return reply.Value, time.Unix(seconds, 0), nil
}
