// Package certificate makes the certificate of a fake's https side.
package certificate

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"strings"
	"time"
)

// Certificate is a server's certificate, which is its own root, with the key to it.
type Certificate struct {
	private *ecdsa.PrivateKey
	leaf    *x509.Certificate
}

// New makes a certificate for localhost, imds.test and the loopback addresses, and for further DNS
// names and IP addresses.
func New(names ...string) Certificate {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(fmt.Sprintf("certificate: making a key for TLS: %v", err))
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		panic(fmt.Sprintf("certificate: making a serial number: %v", err))
	}
	from, until := Validity()
	template := &x509.Certificate{
		SerialNumber:          serial, // by which a store tells two servers' certificates apart
		Subject:               pkix.Name{CommonName: "imds.test"},
		NotBefore:             from,
		NotAfter:              until,
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:              []string{"localhost", "imds.test"},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		panic(fmt.Sprintf("certificate: making a certificate for TLS: %v", err))
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		panic(fmt.Sprintf("certificate: reading a certificate for TLS: %v", err))
	}
	return Certificate{private, leaf}
}

// Validity returns the dates of every certificate of a fake. They are fixed and far apart, as the
// clock of a bubble of testing/synctest starts in 2000.
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
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.leaf.Raw})
}

// TLSConfig returns the configuration of a server with this certificate.
func (c Certificate) TLSConfig() *tls.Config {
	return &tls.Config{
		MinVersion:   tls.VersionTLS12,
		Certificates: []tls.Certificate{{Certificate: [][]byte{c.leaf.Raw}, PrivateKey: c.private, Leaf: c.leaf}},
	}
}

// ConnectionState returns what a connection to a server with this certificate would have come to.
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
