package imdstest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"sync"

	"github.com/go-jose/go-jose/v4"
)

// A signingKey is an RSA key with the certificate that Entra publishes it in.
type signingKey struct {
	private     *rsa.PrivateKey
	certificate *x509.Certificate
	thumbprint  []byte // SHA-1 of the certificate
	id          string // the thumbprint in base64url: 27 characters, both kid and x5t
}

// A keySet is what one server signs with and publishes: the first key signs, all are published. Each
// server has its own, so that one can change its keys under the feet of no other.
type keySet []*signingKey

// sharedKey is one key for all servers of the process. It is no behaviour, only time saved: making an RSA key
// takes a good part of a second, and a test has no way to tell whose key it got.
var sharedKey = sync.OnceValue(newSigningKey)

func newSigningKey() *signingKey {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(fmt.Sprintf("imdstest: making a key: %v", err))
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "accounts.accesscontrol.windows.net"},
		NotBefore:    certificateStart,
		NotAfter:     certificateEnd,
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		panic(fmt.Sprintf("imdstest: making a certificate: %v", err))
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		panic(fmt.Sprintf("imdstest: reading a certificate: %v", err))
	}
	sum := sha1.Sum(der)
	return &signingKey{
		private:     private,
		certificate: certificate,
		thumbprint:  sum[:],
		id:          base64.RawURLEncoding.EncodeToString(sum[:]),
	}
}

// public returns the key as Entra publishes it: without alg, which is why some verifiers must be told to
// infer it.
func (k *signingKey) public() jose.JSONWebKey {
	return jose.JSONWebKey{
		Key:                       k.private.Public(),
		KeyID:                     k.id,
		Use:                       "sig",
		Certificates:              []*x509.Certificate{k.certificate},
		CertificateThumbprintSHA1: k.thumbprint,
	}
}

// sign returns the compact JWS of payload. The header is taken as it is, even where it lies about the
// signature, which is always RS256; only a missing alg is filled in.
func (k *signingKey) sign(header map[string]any, payload []byte) (string, error) {
	extra := make(map[jose.HeaderKey]any, len(header))
	for name, value := range header {
		extra[jose.HeaderKey(name)] = value
	}
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: jose.RS256, Key: k.private},
		&jose.SignerOptions{ExtraHeaders: extra},
	)
	if err != nil {
		return "", err
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}

// verify returns the payload of a token that one of the keys signed.
func (ks keySet) verify(token string) ([]byte, error) {
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return nil, err
	}
	for _, k := range ks {
		if k.id == signed.Signatures[0].Header.KeyID {
			return signed.Verify(k.private.Public())
		}
	}
	return nil, errors.New("no such key")
}
