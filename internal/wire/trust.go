package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
)

var errCannotTrust = errors.New("this endpoint has a certificate authority or a server name of its own, which needs an *http.Client " +
	"with an *http.Transport that has no TLS dialer of its own; leave Transport nil")

// trusts reports whether the endpoint has its own authorities or server name.
func (r Reach) trusts() bool { return r.Roots != nil || r.ServerName != "" }

// trust makes t accept the certificates of r.Roots for r.ServerName and no others. It dials by
// itself because the configuration of an http.Transport cannot change while it is in use.
func (r Reach) trust(t *http.Transport) {
	if !r.trusts() {
		return
	}
	base := t.TLSClientConfig
	if base == nil {
		base = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	dial := dialOf(t)
	t.DialTLSContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		config := base.Clone()
		// The caller's HTTP/2 has separate connections, which trust other authorities.
		config.NextProtos = nil
		config.ServerName = r.ServerName
		if config.ServerName == "" {
			config.ServerName, _, _ = net.SplitHostPort(address)
		}
		if r.Roots != nil {
			config.RootCAs, config.InsecureSkipVerify = r.Roots.current(), false
		}
		raw, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		ctx, cancel := context.WithTimeout(ctx, laterDial)
		defer cancel()
		conn := tls.Client(raw, config)
		if err := conn.HandshakeContext(ctx); err != nil {
			_ = raw.Close()
			return nil, err
		}
		return conn, nil
	}
}

// dialOf returns how t connects.
func dialOf(t *http.Transport) dialFunc {
	//lint:ignore SA1019 where somebody still sets it, net/http uses it
	if old := t.Dial; t.DialContext == nil && old != nil {
		return func(_ context.Context, network, address string) (net.Conn, error) { return old(network, address) }
	}
	return t.DialContext
}
