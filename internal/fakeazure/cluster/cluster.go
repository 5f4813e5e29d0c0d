// Package cluster simulates a Kubernetes cluster with one service account, whose tokens it puts
// into files: one of workload identity, one of identity bindings.
package cluster

import (
	"sync"
	"time"

	"github.com/seed-ac726066/aztoken/internal/fakeazure/files"
	"github.com/seed-ac726066/aztoken/internal/fakeazure/issuer"
)

// What the tokens of the service account say.
const (
	Issuer         = "https://oidc.cluster.example/7e000000-0000-4000-8000-00000000000c/"
	ServiceAccount = "system:serviceaccount:default:workload"
)

// lifetime is far more than the hour or so of a real token because there is no kubelet to replace
// it: a test in virtual time may run for months without a rotation.
const lifetime = 365 * 24 * time.Hour

// Audience is the audience of a token of the service account.
type Audience string

// The audiences.
const (
	Entra      Audience = issuer.TokenExchange       // of workload identity
	TokenProxy Audience = "api://AKSIdentityBinding" // of identity bindings
)

// Cluster is a cluster with one service account. It is safe for concurrent use.
type Cluster struct {
	issuer *issuer.Issuer // its keys sign for the cluster too: making others takes time
	files  *files.Dir

	// mu guards what follows, and the files. The locks of files and of the issuer are taken under
	// it.
	mu      sync.Mutex
	mounted map[Audience]*projection
}

// projection is a token in a file, as the kubelet puts it there.
type projection struct {
	file    string
	token   string
	expires time.Time
}

// New returns a cluster that writes its tokens into files of dir.
func New(signer *issuer.Issuer, dir *files.Dir) *Cluster {
	return &Cluster{issuer: signer, files: dir, mounted: make(map[Audience]*projection)}
}

// TokenFile returns the path of the file with the token for an audience. The file is made with the
// first call.
func (c *Cluster) TokenFile(a Audience) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.mounted[a]; p != nil {
		return p.file, nil
	}
	p, err := c.project(a)
	if err != nil {
		return "", err
	}
	return p.file, nil
}

// Rotate puts new tokens into the existing files, as the kubelet does. The previous tokens are no
// longer accepted.
func (c *Cluster) Rotate() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for a := range c.mounted {
		if _, err := c.project(a); err != nil {
			return err
		}
	}
	return nil
}

// project writes a new token. The mutex is held.
func (c *Cluster) project(a Audience) (*projection, error) {
	now := time.Now()
	p := &projection{expires: now.Add(lifetime)}
	var err error
	p.token, err = c.issuer.MintForeign(Issuer, ServiceAccount, string(a), now, p.expires, func(j *issuer.JWT) {
		j.Claims["aud"] = []string{string(a)} // a list, as Kubernetes has it
	})
	if err != nil {
		return nil, err
	}
	if p.file, err = c.write(a, []byte(p.token)); err != nil {
		return nil, err
	}
	c.mounted[a] = p
	return p, nil
}

func (c *Cluster) write(a Audience, token []byte) (file string, err error) {
	const name = "azure-identity-token"
	if a == Entra {
		return c.files.Write(name, token)
	}
	return c.files.Project("token", name, token)
}

// Mounted reports whether a token is one of those in the files.
func (c *Cluster) Mounted(token string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.mounted {
		if p.token == token {
			return true
		}
	}
	return false
}

// Authenticates reports whether a token proves to the cluster that its service account asks: it is
// the one in the file for that audience, and has not expired.
func (c *Cluster) Authenticates(token string, a Audience, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.mounted[a]
	return p != nil && p.token == token && now.Before(p.expires)
}
