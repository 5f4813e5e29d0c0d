package certificate

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
)

func newKey() *ecdsa.PrivateKey {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(fmt.Sprintf("certificate: making a key for TLS: %v", err))
	}
	return private
}

// newTemplate returns what all certificates of a fake have in common. A blank name is none.
func newTemplate(commonName string) *x509.Certificate {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		panic(fmt.Sprintf("certificate: making a serial number: %v", err))
	}
	from, until := Validity()
	return &x509.Certificate{
		SerialNumber:          serial, // a store tells two servers' certificates apart by it
		Subject:               pkix.Name{CommonName: commonName},
		NotBefore:             from,
		NotAfter:              until,
		BasicConstraintsValid: true,
	}
}

// sign returns the certificate of a key, signed by that of its issuer.
func sign(template, issuer *x509.Certificate, key, issuerKey *ecdsa.PrivateKey) *x509.Certificate {
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, key.Public(), issuerKey)
	if err != nil {
		panic(fmt.Sprintf("certificate: making a certificate for TLS: %v", err))
	}
	signed, err := x509.ParseCertificate(der)
	if err != nil {
		panic(fmt.Sprintf("certificate: reading a certificate for TLS: %v", err))
	}
	return signed
}
