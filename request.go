package aztoken

import (
	"errors"
	"strings"

	"github.com/seed-ac726066/aztoken/internal/hosts"
)

// request names a token: it is the key of an entry.
type request struct {
	resource string
	tenant   string // "" for the identity's own
	// cae is continuous access evaluation: only for Options.Credential and Options.Federation.
	cae bool
}

// isPlain reports whether the resource alone is the key, so that the read path needs no
// concatenation. A resource that looks like a scope is not plain: as a key it would be taken for
// the scope of another.
func (r request) isPlain() bool {
	return r.tenant == "" && !r.cae && hosts.TrimScope(r.resource) == r.resource
}

func (r request) key() string {
	if r.isPlain() {
		return r.resource
	}
	return string(r.appendKey(nil))
}

// appendKey appends the key of a request that is not plain to b.
func (r request) appendKey(b []byte) []byte {
	b = append(b, r.resource...)
	b = append(b, 0) // a resource has no NUL, so keys cannot be confused
	b = append(b, r.tenant...)
	if r.cae {
		b = append(b, 0)
	}
	return b
}

var (
	errNoResource = errors.New("the resource is empty")
	errBadName    = errors.New("the resource has spaces or characters outside ASCII")
	errBadTenant  = errors.New("the tenant has spaces or characters outside ASCII")
)

// check returns what is wrong with r before anything is sent.
func (r request) check() error {
	isOdd := func(c rune) bool { return c <= ' ' || c > '~' }
	switch {
	case r.resource == "":
		return errNoResource
	case strings.ContainsFunc(r.resource, isOdd):
		return errBadName
	case strings.ContainsFunc(r.tenant, isOdd):
		return errBadTenant
	}
	return nil
}
