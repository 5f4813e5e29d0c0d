// Package tokenproxy simulates what a pod must trust to reach the token proxy of AKS identity
// bindings: a certificate authority of the cluster's own, and a certificate for a server name that
// is not the address.
package tokenproxy

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/base32"
	"strings"
	"sync"

	"github.com/seed-ac726066/aztoken/internal/fakeazure/certificate"
	"github.com/seed-ac726066/aztoken/internal/fakeazure/files"
)

// clusterID is what AKS calls the cluster.
const clusterID = "7e00000000000000000000c1"

// ServerName returns the name that a client must ask for in the TLS handshake. It has the form that
// AKS uses.
func ServerName() string {
	sum := sha256.Sum256([]byte("identity-binding" + clusterID))
	return strings.ToLower("a"+base32.HexEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:])) + ".ests.aks"
}

// Proxy is the trust in a proxy. It is safe for concurrent use.
type Proxy struct {
	files *files.Dir

	// mu guards what follows, and the file. The lock of files is taken under it.
	mu        sync.Mutex
	authority certificate.Authority
	leaf      *tls.Certificate // nil: neither it nor the authority was made yet
	file      string           // "": there is none yet
}

// New returns the trust in a proxy whose authority is written into files of dir.
func New(dir *files.Dir) *Proxy { return &Proxy{files: dir} }

// CA returns the certificate of the authority that signs now, as PEM.
func (p *Proxy) CA() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.make()
	return p.authority.PEM()
}

// CAFile returns the path of the file with the authority, as the kubelet puts it into a pod. The
// file is made with the first call.
func (p *Proxy) CAFile() (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.file != "" {
		return p.file, nil
	}
	p.make()
	err := p.write(p.authority.PEM())
	return p.file, err
}

// RotateCA makes a new authority and a new certificate, which the proxy uses from now on, and swaps
// the file.
func (p *Proxy) RotateCA() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.leaf = nil
	p.make()
	return p.write(p.authority.PEM())
}

// WriteCA puts something else into the file, as may happen while the kubelet writes it or if it is
// misconfigured. Nil: the file is missing. The proxy's certificate does not change.
func (p *Proxy) WriteCA(content []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.write(content)
}

// Certificate returns the proxy's certificate for a handshake that names it, and for any other
// none. It is for tls.Config.GetCertificate.
func (p *Proxy) Certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if !strings.EqualFold(hello.ServerName, ServerName()) {
		return nil, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.make()
	return p.leaf, nil
}

// make makes the authority and the certificate, unless they are there. The mutex is held.
func (p *Proxy) make() {
	if p.leaf != nil {
		return
	}
	p.authority = certificate.NewAuthority("identity-binding-ca")
	leaf := p.authority.Issue(ServerName()).TLS()
	p.leaf = &leaf
}

// write swaps the file. The mutex is held.
func (p *Proxy) write(content []byte) (err error) {
	p.file, err = p.files.Project("ca-cert", "ca.crt", content)
	return err
}
