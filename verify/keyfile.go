package verify

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"time"
)

// maxKeyFile is far above the keys of some ten tenants.
const maxKeyFile = 8 << 20

var (
	errNotRegular = errors.New("it is not a regular file")
	errNotOurs    = errors.New("it belongs to another user; it must be owned by the user of this process or by root")
	errWritable   = errors.New("others can write it; it must be writable for its owner only (chmod go-w)")
	errNoKeyFile  = errors.New("its content is not that of a key file")
	errFuture     = errors.New("its keys are from the future; check the clock of this machine")
)

// keyFile keeps the last good keys across a restart. They are public, but anyone who can write the
// file can get forged tokens accepted.
type keyFile struct {
	path string        // "": there is none
	skew time.Duration // of the clocks of this machine and the one that wrote it
}

// savedKeys are the keys of one document.
type savedKeys struct {
	Source  string             `json:"source"` // the keys of another authority are of no use
	Fetched time.Time          `json:"fetched"`
	JWKS    json.RawMessage    `json:"jwks"`
	Absent  map[string]absence `json:"absent,omitempty"` // keys that newer answers lack
}

// savedJWK is a key as the file has it.
type savedJWK struct {
	Type   string `json:"kty"`
	ID     string `json:"kid"`
	N      string `json:"n"`
	E      string `json:"e"`
	Issuer string `json:"issuer,omitempty"`
	Cloud  string `json:"cloud_instance_name,omitempty"`
}

// load returns what the file has of each source. There is no error if there is no file.
func (f keyFile) load(now time.Time) (map[string]savedDocument, error) {
	content, err := f.read()
	if err != nil || content == nil {
		return nil, err
	}
	var all []savedKeys
	if content = bytes.TrimSpace(content); bytes.HasPrefix(content, []byte("{")) {
		all = make([]savedKeys, 1)
		err = json.Unmarshal(content, &all[0])
	} else {
		err = json.Unmarshal(content, &all)
	}
	if err != nil || len(all) == 0 {
		return nil, f.failed(errNoKeyFile)
	}
	documents := map[string]savedDocument{}
	for _, s := range all {
		document, err := s.document(now, f.skew)
		if err != nil {
			return nil, f.failed(err)
		}
		documents[s.Source] = document
	}
	return documents, nil
}

// savedDocument are the keys of one document, which were fetched then.
type savedDocument struct {
	keys    held
	fetched time.Time
}

func (s savedKeys) document(now time.Time, skew time.Duration) (savedDocument, error) {
	if s.Fetched.After(now.Add(skew)) {
		return savedDocument{}, errFuture
	}
	keys, err := readKeys(s.JWKS)
	if err != nil {
		return savedDocument{}, errNoKeyFile
	}
	d := savedDocument{keys: held{}, fetched: s.Fetched}
	if now = now.Round(0); d.fetched.After(now) {
		d.fetched = now // they must not serve longer because of that
	}
	for id, key := range keys {
		if key != nil {
			d.keys[id] = heldKey{key: key, absent: s.Absent[id]}
		}
	}
	return d, nil
}

// read returns the content of the file, nil if there is none.
func (f keyFile) read() ([]byte, error) {
	// Without blocking: opening a FIFO waits until a process writes to it.
	file, err := os.OpenFile(f.path, os.O_RDONLY|openNonblock, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, f.failed(errNotRegular)
	}
	if err := checkOwner(info); err != nil {
		return nil, f.failed(err)
	}
	content, err := io.ReadAll(io.LimitReader(file, maxKeyFile))
	if err == nil && len(content) == 0 {
		err = f.failed(errNoKeyFile)
	}
	return content, err
}

func (f keyFile) failed(err error) error {
	return fmt.Errorf("the key file %s is not used: %w", f.path, err)
}

// saved returns the keys of a document in the form of the file.
func (h held) saved(source string, fetched time.Time) savedKeys {
	s := savedKeys{Source: source, Fetched: fetched.UTC()}
	var set struct {
		Keys []savedJWK `json:"keys"`
	}
	encode := base64.RawURLEncoding.EncodeToString
	for id, k := range h {
		for _, o := range k.key.origins {
			set.Keys = append(set.Keys, savedJWK{
				Type: "RSA", ID: id, N: encode(k.key.public.N.Bytes()), E: encode(big.NewInt(int64(k.key.public.E)).Bytes()),
				Issuer: o.issuer, Cloud: o.cloud,
			})
		}
		if k.absent.Answers > 0 {
			if s.Absent == nil {
				s.Absent = map[string]absence{}
			}
			s.Absent[id] = absence{k.absent.Since.UTC(), k.absent.Answers}
		}
	}
	s.JWKS, _ = json.Marshal(set) // strings only
	return s
}

// save writes the keys into the file atomically.
func (f keyFile) save(all []savedKeys) error {
	var document any = all
	if len(all) == 1 {
		document = all[0]
	}
	content, err := json.Marshal(document)
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
