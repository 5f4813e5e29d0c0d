package tokenstore

import (
	"errors"
	"fmt"
	"io/fs"
)

// rights are the owner and mode of a directory, for a decision.
type rights struct {
	owner, self int // the directory's user, and this process's
	mode        fs.FileMode
	ownKeyed    bool // the key lies in the directory too
}

// verdict is what to do with a directory that is not refused.
type verdict int

const (
	trusted   verdict = iota
	tightened         // others lose their rights first
)

// judge decides about a directory.
//
// Kubernetes makes everything on a volume with fsGroup group-writable each time a pod starts. That
// is harmless if the key is kept elsewhere, because an entry cannot be forged without it. A key in
// the directory could have been replaced.
func (r rights) judge() (verdict, error) {
	switch {
	case r.owner != r.self:
		return 0, fmt.Errorf("it belongs to user %d and not to user %d; remove it, or use another path", r.owner, r.self)
	case r.mode.Perm()&0o002 != 0:
		return 0, errors.New("everybody can write in it; remove it, or use another path")
	case r.mode.Perm()&0o020 != 0 && r.ownKeyed:
		return 0, errors.New("its group can write in it, where the key is; remove it, and use a key from elsewhere")
	case r.mode.Perm()&0o077 != 0:
		return tightened, nil
	}
	return trusted, nil
}
