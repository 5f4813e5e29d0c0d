package verify

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"time"
)

// keyFile keeps the last good keys over a restart. They are public, but whoever can write the file can have tokens of its own
// accepted.
type keyFile struct {
	path   string // "": there is none
	source string // the keys of another authority are of no use
}

// savedKeys is what is in the file.
type savedKeys struct {
	Source  string          `json:"source"`
	Fetched time.Time       `json:"fetched"`
	JWKS    json.RawMessage `json:"jwks"`
}

// load gives the keys of the file, nil if there are none that may still serve.
func (f keyFile) load(now time.Time) *keySet {
	if f.path == "" {
		return nil
	}
	file, err := os.Open(f.path)
	if err != nil {
		return nil
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, 2*maxDocument))
	var saved savedKeys
	if err != nil || json.Unmarshal(content, &saved) != nil || saved.Source != f.source {
		return nil
	}
	if saved.Fetched.After(now) || !usable(saved.Fetched, now) {
		return nil
	}
	set, err := readKeys(saved.JWKS, saved.Fetched, nil)
	if err != nil {
		return nil
	}
	return set
}

// save puts the keys into the file, at once for whoever reads it.
func (f keyFile) save(set *keySet) error {
	if f.path == "" {
		return nil
	}
	content, err := json.Marshal(savedKeys{f.source, set.fetched.UTC(), set.jwks})
	if err != nil {
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(f.path), filepath.Base(f.path)+".*")
	if err != nil {
		return err
	}
	_, err = temporary.Write(content)
	if closed := temporary.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(temporary.Name(), f.path)
	}
	if err != nil {
		_ = os.Remove(temporary.Name())
	}
	return err
}
