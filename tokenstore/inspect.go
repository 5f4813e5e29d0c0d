package tokenstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/seed-ac726066/aztoken/tokenstore/internal/machine"
)

// Inspection is the state of a [Dir]. It holds no secret.
type Inspection struct {
	Path       string // the user's own directory
	FileSystem string // the network file system that it is on, "" for a local disk
	Bound      bool   // entries open on this machine only
	Binding    string // which ids of the machine they are bound to, or why they are not
	OwnKey     bool   // the key lies in the directory
	Entries    []InspectedEntry
}

// InspectedEntry is one file of an [Inspection].
type InspectedEntry struct {
	Name    string    // an HMAC, which reveals neither identity nor resource
	Saved   time.Time // when the file was written
	Expires time.Time // zero if the file cannot be read
	Err     error     // why it does not open, nil if it does
}

var errNotLocal = fmt.Errorf("tokenstore: only a Dir can be inspected: %w", errors.ErrUnsupported)

// Inspect returns the state of a [Dir], for `aztoken doctor`. It creates nothing, and changes
// nothing except that it removes the access of other users. The error wraps [ErrNotFound] if
// nothing was saved there yet, and [errors.ErrUnsupported] for any other backend; every other error
// is the reason why the directory cannot be used. Inspect returns what is known along with the
// error.
func (s *Store) Inspect(ctx context.Context) (Inspection, error) {
	if s.entries == nil {
		return Inspection{}, errNotLocal
	}
	return s.entries.inspect(ctx)
}

func (d *dir) inspect(ctx context.Context, openers func() (keyring, error)) (Inspection, error) {
	binding := d.machine()
	found := Inspection{
		Path: d.path, Bound: binding.Bound(), Binding: binding.Source, OwnKey: d.ownKeyed,
		FileSystem: machine.NetworkFileSystem(d.path),
	}
	home, err := openHome(d.path, d.ownKeyed, false)
	if err != nil {
		return found, err
	}
	defer home.close()
	found.Path, found.FileSystem = home.path, machine.NetworkFileSystem(home.path)
	ring, noKey := openers()
	if noKey != nil && !errors.Is(noKey, ErrNotFound) {
		return found, noKey
	}
	// Without a key the entries are listed all the same: those of a program with a key elsewhere.
	err = home.each(func(f fs.FileInfo) {
		if kindOf(f.Name()) != entryFile || ctx.Err() != nil {
			return
		}
		entry := InspectedEntry{Name: strings.TrimSuffix(f.Name(), entrySuffix), Saved: f.ModTime()}
		entry.Expires, entry.Err = home.check(ring, entry.Name, d.place())
		if !errors.Is(entry.Err, ErrNotFound) { // it was removed in the meantime
			found.Entries = append(found.Entries, entry)
		}
	})
	slices.SortFunc(found.Entries, func(a, b InspectedEntry) int { return b.Saved.Compare(a.Saved) })
	switch {
	case err != nil || noKey == nil:
		return found, err
	case len(found.Entries) == 0:
		return found, noKey
	}
	found.OwnKey = false // the key of these entries is elsewhere
	return found, nil
}

// check returns when an entry expires, and why it cannot be opened.
func (h *home) check(ring keyring, name, place string) (expires time.Time, err error) {
	content, err := h.read(name+entrySuffix, frameSize+MaxBlob)
	if err != nil {
		return time.Time{}, err
	}
	expires, blob, err := unframe(content)
	if err != nil {
		return time.Time{}, err
	}
	_, err = ring.open(name, place, blob)
	return expires, err
}
