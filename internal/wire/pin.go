package wire

import (
	"bytes"
	"crypto/sha1"
	"crypto/tls"
	"errors"
	"net/http"
)

var (
	errCannotPin = errors.New("the certificate of this host is pinned, which needs an *http.Client with an *http.Transport that has no TLS dialer or verification of its own; leave Transport nil")
	// ErrCertificate is the cause of a failure if the endpoint had another certificate than the
	// pinned one.
	ErrCertificate = errors.New("the endpoint's certificate does not have the thumbprint that the host names")
)

// mayUse returns why t, which is nil if it is not an http.Transport, cannot be limited to the
// certificates that the endpoint may use.
func (r Reach) mayUse(t *http.Transport) error {
	switch {
	case r.trusts() && (t == nil || dialsTLS(t)):
		return errCannotTrust
	case r.Thumbprint == nil:
		return nil
	case t == nil, dialsTLS(t):
		return errCannotPin
	case t.TLSClientConfig != nil && (t.TLSClientConfig.VerifyConnection != nil || t.TLSClientConfig.VerifyPeerCertificate != nil):
		return errCannotPin
	}
	return nil
}

func dialsTLS(t *http.Transport) bool {
	//lint:ignore SA1019 where somebody still sets it, it bypasses the pin
	return t.DialTLSContext != nil || t.DialTLS != nil
}

// pin makes t accept the certificate with the thumbprint and no other. Nothing else is verified:
// the host's certificate is self-signed, for a name that the host chose.
func (r Reach) pin(t *http.Transport) {
	if r.Thumbprint == nil {
		return
	}
	if t.TLSClientConfig == nil {
		t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	t.TLSClientConfig.InsecureSkipVerify = true
	t.TLSClientConfig.VerifyConnection = func(s tls.ConnectionState) error {
		if len(s.PeerCertificates) == 0 {
			return ErrCertificate
		}
		if sum := sha1.Sum(s.PeerCertificates[0].Raw); !bytes.Equal(sum[:], r.Thumbprint) {
			return ErrCertificate
		}
		return nil
	}
	// The caller's HTTP/2 has separate connections, which were made without the pin.
	t.TLSNextProto = nil
}
