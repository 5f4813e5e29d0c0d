package files

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"

	"github.com/seed-ac726066/aztoken/internal/guid"
)

// keptKeys bounds the key files that a server has at a time: many clients at once need that many,
// and one that never reads them must not fill the disk.
const keptKeys = 100

// ArcKeys are the outstanding keys of Azure Arc's agent, each in a file. A program that can read a
// file in its directory runs on the machine and is trusted by its administrator, which is all that
// the agent needs to know.
type ArcKeys struct {
	dir string

	mu     sync.Mutex // guards what follows, and the files
	keys   []arcKey   // oldest first
	closed bool
}

type arcKey struct{ file, content string }

// NewArcKeys returns keys whose files are in dir, or if that is blank in the agent's own directory,
// which is the only one that its clients read.
func NewArcKeys(dir string) *ArcKeys {
	if dir == "" {
		dir = agentDir()
	}
	if absolute, err := filepath.Abs(dir); err == nil {
		dir = absolute // clients get this path, and may run elsewhere
	}
	return &ArcKeys{dir: dir}
}

func agentDir() string {
	if runtime.GOOS == "windows" {
		return filepath.Join(os.Getenv("ProgramData"), "AzureConnectedMachineAgent", "Tokens")
	}
	return "/var/opt/azcmagent/tokens"
}

// Prepare makes the directory, and returns an error if no file can be made in it.
func (k *ArcKeys) Prepare() error {
	err := os.MkdirAll(k.dir, 0o755)
	if err == nil {
		var probe *os.File
		if probe, err = os.CreateTemp(k.dir, "imdstest-"); err == nil {
			err = errors.Join(probe.Close(), os.Remove(probe.Name()))
		}
	}
	if err != nil {
		return fmt.Errorf("no key file of Azure Arc can be written: %w; "+
			"make the directory %s and let this user write in it", err, k.dir)
	}
	return nil
}

// New makes a key and returns the path of its file.
func (k *ArcKeys) New() (file string, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		return "", ErrClosed
	}
	if err := os.MkdirAll(k.dir, 0o755); err != nil {
		return "", err
	}
	key := arcKey{filepath.Join(k.dir, guid.New()+".key"), newKey()}
	if err := os.WriteFile(key.file, []byte(key.content), 0o600); err != nil {
		return "", err
	}
	k.keys = append(k.keys, key)
	if len(k.keys) > keptKeys {
		k.drop(0)
	}
	return key.file, nil
}

// Use reports whether a key is outstanding. After that it is not.
func (k *ArcKeys) Use(content string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	i := slices.IndexFunc(k.keys, func(key arcKey) bool { return key.content == content })
	if i < 0 {
		return false
	}
	k.drop(i)
	return true
}

// newKey returns 36 random bytes as text.
func newKey() string {
	b := make([]byte, 36)
	rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

func (k *ArcKeys) drop(i int) {
	_ = os.Remove(k.keys[i].file)
	k.keys = slices.Delete(k.keys, i, i+1)
}

// Close removes the files.
func (k *ArcKeys) Close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.closed = true
	for len(k.keys) > 0 {
		k.drop(0)
	}
}
