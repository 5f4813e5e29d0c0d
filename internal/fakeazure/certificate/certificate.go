// Package certificate makes the certificates of a fake's https side.
package certificate

import (
	"crypto/ecdsa"
	"crypto/sha1"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"net"
	"strings"
	"time"
)

// Certificate is a server's certificate, with the key to it.
type Certificate struct {
	private *ecdsa.PrivateKey
	leaf    *x509.Certificate
}

// New makes a certificate for localhost, imds.test and the loopback addresses, and for further DNS
// names and IP addresses. It is its own root.
func New(names ...string) Certificate {
	private := newKey()
	template := newTemplate("imds.test")
	template.IsCA = true
	template.KeyUsage = x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	template.DNSNames = []string{"localhost", "imds.test"}
	template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	return Certificate{private, sign(template, template, private, private)}
}

// Validity returns the dates of every certificate of a fake. They are fixed and far apart because
// the clock of a testing/synctest bubble starts in 2000.
func Validity() (from, until time.Time) {
	return time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)
}

// Thumbprint returns the SHA-1 in upper-case hex, as Service Fabric tells it.
func (c Certificate) Thumbprint() string {
	sum := sha1.Sum(c.leaf.Raw)
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

// PEM returns the certificate in the form that clients read to trust it.
func (c Certificate) PEM() []byte {
	return encode(c.leaf)
}

func encode(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}

// TLSConfig returns the configuration of a server with this certificate.
func (c Certificate) TLSConfig() *tls.Config {
	return &tls.Config{
		MinVersion:   tls.VersionTLS12,
		Certificates: []tls.Certificate{c.TLS()},
	}
}

// TLS returns the certificate as a server shows it, without the one that signed it.
func (c Certificate) TLS() tls.Certificate {
	return tls.Certificate{Certificate: [][]byte{c.leaf.Raw}, PrivateKey: c.private, Leaf: c.leaf}
}

// ConnectionState returns the state that a connection to a server with this certificate would have.
func (c Certificate) ConnectionState(serverName string) *tls.ConnectionState {
	return &tls.ConnectionState{
		Version:            tls.VersionTLS13,
		HandshakeComplete:  true,
		CipherSuite:        tls.TLS_AES_128_GCM_SHA256,
		NegotiatedProtocol: "http/1.1",
		ServerName:         serverName,
		PeerCertificates:   []*x509.Certificate{c.leaf},
		VerifiedChains:     [][]*x509.Certificate{{c.leaf}},
	}
}
