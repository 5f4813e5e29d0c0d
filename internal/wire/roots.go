package wire

import (
	"bytes"
	"crypto/x509"
	"errors"
	"sync"
)

var (
	errNoRoots  = errors.New("it is empty")
	errBadRoots = errors.New("it holds no certificate in PEM form")
)

// Roots are certificate authorities whose certificates may change while a program runs.
type Roots struct {
	read func() ([]byte, error)

	// mu guards what follows, and is held while read runs: it reads a small file.
	mu      sync.Mutex
	content []byte
	pool    *x509.CertPool
}

// NewRoots returns the authorities that read returns in PEM form. It is called again before each
// request. The first time it must return some. Later the last good ones are kept until there are
// new ones, because the file of a Kubernetes volume may be missing or empty while it is replaced.
func NewRoots(read func() ([]byte, error)) (*Roots, error) {
	r := &Roots{read: read}
	_, err := r.update()
	return r, err
}

// reload reads the authorities again and reports whether they have changed.
func (r *Roots) reload() bool {
	if r == nil {
		return false
	}
	changed, _ := r.update()
	return changed
}

func (r *Roots) update() (changed bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	content, err := r.read()
	switch {
	case err != nil:
		return false, err
	case len(bytes.TrimSpace(content)) == 0:
		return false, errNoRoots
	case bytes.Equal(content, r.content):
		return false, nil
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(content) {
		return false, errBadRoots
	}
	r.content, r.pool = content, pool
	return true, nil
}

// current returns the authorities as of the last request. Nil means the system's.
func (r *Roots) current() *x509.CertPool {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.pool
}
