package issuer

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"math/big"
	"sync"

	"github.com/go-jose/go-jose/v4"

	"github.com/seed-ac726066/aztoken/internal/fakeazure/certificate"
)

// A signingKey is an RSA key with the certificate that Entra publishes it in.
type signingKey struct {
	private     *rsa.PrivateKey
	certificate *x509.Certificate
	thumbprint  []byte // SHA-1 of the certificate
	id          string // the thumbprint in base64url: 27 characters, both kid and x5t
}

// sharedKeys are those that the process has made. Sharing only saves time: generating an RSA key
// takes a good part of a second, and a test cannot tell whose key it got.
var sharedKeys struct {
	mu   sync.Mutex
	made []func() *signingKey
}

// sharedKey returns the n-th key of the process, counted from 0, which is the n-th of each server.
// It waits only for this key.
func sharedKey(n int) *signingKey {
	sharedKeys.mu.Lock()
	for len(sharedKeys.made) <= n {
		sharedKeys.made = append(sharedKeys.made, sync.OnceValue(newSigningKey))
	}
	key := sharedKeys.made[n]
	sharedKeys.mu.Unlock()
	return key()
}

func newSigningKey() *signingKey {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(fmt.Sprintf("issuer: making a key: %v", err))
	}
	from, until := certificate.Validity()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "accounts.accesscontrol.windows.net"},
		NotBefore:    from,
		NotAfter:     until,
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		panic(fmt.Sprintf("issuer: making a certificate: %v", err))
	}
	published, err := x509.ParseCertificate(der)
	if err != nil {
		panic(fmt.Sprintf("issuer: reading a certificate: %v", err))
	}
	sum := sha1.Sum(der)
	return &signingKey{
		private:     private,
		certificate: published,
		thumbprint:  sum[:],
		id:          base64.RawURLEncoding.EncodeToString(sum[:]),
	}
}

// public returns the key as Entra publishes it: without alg, so some verifiers must be configured
// to infer it.
func (k *signingKey) public() jose.JSONWebKey {
	return jose.JSONWebKey{
		Key:                       k.private.Public(),
		KeyID:                     k.id,
		Use:                       "sig",
		Certificates:              []*x509.Certificate{k.certificate},
		CertificateThumbprintSHA1: k.thumbprint,
	}
}

// sign returns the compact JWS (RFC 7515) of payload. Header and payload are signed unchanged, even
// if the header lies about the signature, which is always RS256: no library signs what a test of a
// verifier needs.
func sign(key *rsa.PrivateKey, header, payload []byte) (string, error) {
	signed := base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString(payload)
	digest := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:])
	if err != nil {
		return "", err
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}
