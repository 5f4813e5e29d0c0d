package imdstest

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

// A tlsIdentity is a server's certificate, which is its own root, and the key to it.
type tlsIdentity struct {
	private *ecdsa.PrivateKey
	leaf    *x509.Certificate
}

// newTLSIdentity makes a certificate for this machine and for further DNS names and IP addresses.
func newTLSIdentity(names []string) tlsIdentity {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(fmt.Sprintf("imdstest: making a key for TLS: %v", err))
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		panic(fmt.Sprintf("imdstest: making a serial number: %v", err))
	}
	template := &x509.Certificate{
		SerialNumber:          serial, // by which a store tells two servers' certificates apart
		Subject:               pkix.Name{CommonName: "imds.test"},
		NotBefore:             certificateStart,
		NotAfter:              certificateEnd,
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
		panic(fmt.Sprintf("imdstest: making a certificate for TLS: %v", err))
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		panic(fmt.Sprintf("imdstest: reading a certificate for TLS: %v", err))
	}
	return tlsIdentity{private, leaf}
}

// thumbprint returns the SHA-1 in upper-case hex, as Service Fabric tells it.
func (t tlsIdentity) thumbprint() string {
	sum := sha1.Sum(t.leaf.Raw)
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

func (t tlsIdentity) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: t.leaf.Raw})
}

// TLSConfig returns the configuration for a program that serves s, as an [http.Handler], over https, with s's own
// certificate. That is for localhost, imds.test, the loopback addresses and [Options.CertificateNames], and valid from 1999 to
// 2099. Such a program sets [Server.SecureURL] to its https address before it asks for an environment.
func (s *Server) TLSConfig() *tls.Config {
	t := s.certificate()
	return &tls.Config{
		MinVersion:   tls.VersionTLS12,
		Certificates: []tls.Certificate{{Certificate: [][]byte{t.leaf.Raw}, PrivateKey: t.private, Leaf: t.leaf}},
	}
}

// CertificateFile returns the name of a PEM file with the server's certificate, for programs that the test
// starts: SSL_CERT_FILE has it for Go and OpenSSL, NODE_EXTRA_CA_CERTS for Node. [Server.Close] removes it.
func (s *Server) CertificateFile() string {
	return s.files.write("certificate.pem", s.certificate().pem())
}

// connectionState is what a connection to s over TLS would have come to.
func (s *Server) connectionState(serverName string) *tls.ConnectionState {
	leaf := s.certificate().leaf
	return &tls.ConnectionState{
		Version:            tls.VersionTLS13,
		HandshakeComplete:  true,
		CipherSuite:        tls.TLS_AES_128_GCM_SHA256,
		NegotiatedProtocol: "http/1.1",
		ServerName:         serverName,
		PeerCertificates:   []*x509.Certificate{leaf},
		VerifiedChains:     [][]*x509.Certificate{{leaf}},
	}
}

// The dates of certificates are fixed and far apart, as the clock of a bubble of testing/synctest starts in 2000.
var (
	certificateStart = time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC)
	certificateEnd   = time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)
)
