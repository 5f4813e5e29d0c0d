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
	"path"
	"slices"
	"time"

	"github.com/seed-ac726066/aztoken/internal/origin"
)

const (
	// fetchTimeout is the time for both documents. Entra answers in a fraction of a second; a
	// caller without keys waits for it, and would soon give up by itself.
	fetchTimeout = 10 * time.Second
	// maxDocument is far above Entra's key document, which has some ten keys and 20 KiB.
	maxDocument = 1 << 20
)

var (
	errTooLarge  = errors.New("the document is larger than 1 MiB")
	errDiscovery = errors.New("the discovery document is not one of Entra ID for this tenant")
	errElsewhere = errors.New("the discovery document points to keys on another host")
)

// source fetches the keys of one tenant, or those of all.
type source struct {
	client    *http.Client
	authority *url.URL
	discovery *url.URL
	issuers   []string // one of which the discovery document must name
	hosts     []string // that it may name for the keys, though the authority serves them
	appID     string
}

// newSource returns the source of the keys for tenant, or for all tenants if it is "".
func newSource(client *http.Client, authority *url.URL, i issuers, tenant, appID string) *source {
	place, named := tenant, tenant
	if tenant == "" {
		place, named = "common", anyTenant
	}
	s := &source{
		client: client, authority: authority, appID: appID, hosts: i.hosts,
		discovery: authority.JoinPath(place, "v2.0/.well-known/openid-configuration"),
	}
	for _, t := range i.all() {
		s.issuers = append(s.issuers, t.of(named))
	}
	return s
}

// name identifies the source in a key file.
func (s *source) name() string { return withAppID(s.discovery, s.appID).String() }

// fetch gets and reads the key document. What its error says may come from the peer.
func (s *source) fetch(ctx context.Context) (answer, error) {
	body, err := s.get(ctx, withAppID(s.discovery, s.appID))
	if err != nil {
		return nil, err
	}
	keys, err := s.keys(body)
	if err != nil {
		return nil, err
	}
	if body, err = s.get(ctx, withAppID(keys, s.appID)); err != nil {
		return nil, err
	}
	return readKeys(body)
}

// keys returns where a discovery document says that the keys are. An authority that passes on
// Entra's document unchanged has them below its own path, although the document names Entra's host.
func (s *source) keys(discovery []byte) (*url.URL, error) {
	var issuer, uri string
	if err := readObject(string(discovery), func(name, value string) {
		switch name {
		case "issuer":
			issuer, _ = unquote(value)
		case "jwks_uri":
			uri, _ = unquote(value)
		}
	}); err != nil || !slices.Contains(s.issuers, issuer) {
		return nil, errDiscovery
	}
	keys, err := url.Parse(uri)
	switch {
	case err != nil || keys.User != nil || keys.Host == "":
		return nil, errElsewhere
	case keys.Scheme == s.authority.Scheme && origin.Same(keys, s.authority):
		return keys, nil
	case keys.Scheme == "https" && slices.ContainsFunc(s.hosts, func(h string) bool { return origin.Same(keys, &url.URL{Scheme: "https", Host: h}) }):
		below := s.authority.JoinPath(path.Clean("/" + keys.EscapedPath()))
		below.RawQuery = keys.RawQuery
		return below, nil
	}
	return nil, errElsewhere
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
		// Leave out the text of the status line, which comes from the peer.
		return nil, fmt.Errorf("%s answered %d %s", u, resp.StatusCode, http.StatusText(resp.StatusCode))
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxDocument+1))
	if err == nil && len(body) > maxDocument {
		err = errTooLarge
	}
	return body, err
}

// lockedClient returns hc, or a new client, without redirects and cookies: another host would have
// other keys.
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
