package verify

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4/json"
)

const (
	// fetchTimeout is the time for both documents. Entra answers in a fraction of a second; a caller without keys waits for
	// it, and would give up on its own before long.
	fetchTimeout = 10 * time.Second
	// maxDocument is far above Entra's key document, which has some ten keys and 20 KiB.
	maxDocument = 1 << 20
)

var (
	errTooLarge  = errors.New("the document is larger than 1 MiB")
	errDiscovery = errors.New("the discovery document is not one of Entra ID for this tenant")
	errElsewhere = errors.New("the discovery document points to keys on another host")
)

// source fetches the keys of one authority.
type source struct {
	client    *http.Client
	close     func()
	discovery *url.URL
	issuers   []string // one of which the discovery document must name
	appID     string
}

// newSource is the source of the keys for tenant, or for all tenants if it is "".
func newSource(hc *http.Client, authority *url.URL, h hosts, tenant, appID string) *source {
	path, named := tenant, tenant
	if tenant == "" {
		path, named = "common", anyTenant
	}
	s := &source{
		discovery: authority.JoinPath(path, "v2.0/.well-known/openid-configuration"),
		issuers:   []string{h.issuer("2.0", named), h.issuer("1.0", named)},
		appID:     appID,
	}
	s.client, s.close = lockedClient(hc)
	return s
}

// name tells what a key file is of.
func (s *source) name() string { return withAppID(s.discovery, s.appID).String() }

// fetch gets the key document.
func (s *source) fetch(ctx context.Context) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	body, err := s.get(ctx, withAppID(s.discovery, s.appID))
	if err != nil {
		return nil, err
	}
	keys, err := s.keys(body)
	if err != nil {
		return nil, err
	}
	return s.get(ctx, withAppID(keys, s.appID))
}

// keys is where a discovery document says that the keys are.
func (s *source) keys(discovery []byte) (*url.URL, error) {
	var document struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
	}
	if json.Unmarshal(discovery, &document) != nil || document.Issuer != s.issuers[0] && document.Issuer != s.issuers[1] {
		return nil, errDiscovery
	}
	keys, err := url.Parse(document.Keys)
	if err != nil || keys.User != nil || keys.Scheme != s.discovery.Scheme || !sameHost(keys, s.discovery) {
		return nil, errElsewhere
	}
	return keys, nil
}

// sameHost says whether two URLs of one scheme go to the same host and port.
func sameHost(a, b *url.URL) bool {
	port := func(u *url.URL) string {
		if p := u.Port(); p != "" {
			return p
		}
		return map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	return strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}

// withAppID asks for the keys of an application with claims mapping.
//
// https://learn.microsoft.com/entra/identity-platform/access-tokens#validate-the-signature
func withAppID(u *url.URL, appID string) *url.URL {
	if appID == "" {
		return u
	}
	of := *u
	query := of.Query()
	query.Set("appid", appID)
	of.RawQuery = query.Encode()
	return &of
}

func (s *source) get(ctx context.Context, u *url.URL) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %s", u, resp.Status)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxDocument+1))
	if err == nil && len(body) > maxDocument {
		err = errTooLarge
	}
	return body, err
}

// lockedClient is hc, or one of its own, without redirects and cookies: keys from another host would be somebody else's.
func lockedClient(hc *http.Client) (client *http.Client, closeIdle func()) {
	client = &http.Client{}
	closeIdle = func() {}
	if hc != nil {
		*client = *hc
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	client.Jar = nil
	if client.Transport == nil {
		own := &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DialContext:            (&net.Dialer{Timeout: fetchTimeout / 2}).DialContext,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:    fetchTimeout / 2,
			IdleConnTimeout:        fetchTimeout, // the next fetch is an hour away
			MaxResponseHeaderBytes: 64 << 10,
			ForceAttemptHTTP2:      true,
		}
		client.Transport, closeIdle = own, own.CloseIdleConnections
	}
	return client, closeIdle
}
