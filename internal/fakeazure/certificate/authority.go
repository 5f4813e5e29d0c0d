package certificate

import (
	"crypto/ecdsa"
	"crypto/x509"
)

// Authority is a certificate authority, with the key to it. It signs the certificates of servers
// and is not used by a server itself.
type Authority struct {
	private *ecdsa.PrivateKey
	root    *x509.Certificate
}

// NewAuthority makes an authority of that name.
func NewAuthority(name string) Authority {
	private := newKey()
	template := newTemplate(name)
	template.IsCA = true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	return Authority{private, sign(template, template, private, private)}
}

// Issue makes a certificate for one DNS name, and for no address.
func (a Authority) Issue(dnsName string) Certificate {
	private := newKey()
	// No common name: it may have 64 characters at most, and server names may be longer.
	template := newTemplate("")
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	template.DNSNames = []string{dnsName}
	return Certificate{private, sign(template, a.root, private, a.private)}
}

// PEM returns the authority's own certificate in the form that clients read to trust it.
func (a Authority) PEM() []byte { return encode(a.root) }
