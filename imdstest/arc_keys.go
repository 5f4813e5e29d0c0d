package imdstest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
)

// keptKeys bounds the key files that a server has at a time: many clients at once need that many, and one that never
// reads them must not fill the disk.
const keptKeys = 100

// keyFiles are the outstanding keys of Azure Arc. Whoever can read a file in its directory is on the machine and
// trusted by its administrator, which is all that the agent wants to know.
type keyFiles struct {
	dir string

	mu     sync.Mutex
	keys   []arcKey // oldest first
	closed bool
}

type arcKey struct{ file, content string }

// defaultKeyDir is where the agent writes, and the only place where its clients read.
func defaultKeyDir() string {
	if runtime.GOOS == "windows" {
		return filepath.Join(os.Getenv("ProgramData"), "AzureConnectedMachineAgent", "Tokens")
	}
	return "/var/opt/azcmagent/tokens"
}

// mustBeWritable makes the directory and panics if no file can be made in it.
func (k *keyFiles) mustBeWritable() {
	err := os.MkdirAll(k.dir, 0o755)
	if err == nil {
		var probe *os.File
		if probe, err = os.CreateTemp(k.dir, "imdstest-"); err == nil {
			err = errors.Join(probe.Close(), os.Remove(probe.Name()))
		}
	}
	if err != nil {
		panic(fmt.Sprintf("imdstest: no key file of Azure Arc can be written: %v; "+
			"make the directory %s and let the user of the tests write in it, or set Options.ArcKeyDir", err, k.dir))
	}
}

// add makes a key and returns its file.
func (k *keyFiles) add() (file string, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		return "", errClosed
	}
	if err := os.MkdirAll(k.dir, 0o755); err != nil {
		return "", err
	}
	key := arcKey{filepath.Join(k.dir, guid()+".key"), noise(36)}
	if err := os.WriteFile(key.file, []byte(key.content), 0o600); err != nil {
		return "", err
	}
	k.keys = append(k.keys, key)
	if len(k.keys) > keptKeys {
		k.drop(0)
	}
	return key.file, nil
}

// use tells whether a key is outstanding. After that it is not.
func (k *keyFiles) use(content string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	i := slices.IndexFunc(k.keys, func(key arcKey) bool { return key.content == content })
	if i < 0 {
		return false
	}
	k.drop(i)
	return true
}

func (k *keyFiles) drop(i int) {
	_ = os.Remove(k.keys[i].file)
	k.keys = slices.Delete(k.keys, i, i+1)
}

func (k *keyFiles) close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.closed = true
	for len(k.keys) > 0 {
		k.drop(0)
	}
}
