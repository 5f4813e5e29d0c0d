package hosts

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/seed-ac726066/aztoken/internal/wire"
)

// maxKey is the limit that Azure's SDKs have for a key file too.
const maxKey = 4096

// What is wrong with a challenge or its file. The path is not quoted: a hostile endpoint chose it.
var (
	errNoChallenge = errors.New("the endpoint did not ask for a key")
	errChallenge   = errors.New("the endpoint's challenge names no key file")
	errKeyPlace    = errors.New("the endpoint's challenge names a file that is not a *.key in the agent's own directory")
)

const notArc = "check that $IDENTITY_ENDPOINT is the address of the Azure Arc agent"

// ArcFiles are the paths of the Azure Arc agent.
type ArcFiles struct {
	// Agent is the agent's program, which only an Arc machine has.
	Agent string
	// Keys is the only directory from which a key is read.
	Keys string
}

// FindArcFiles returns the paths of the agent on an operating system.
func FindArcFiles(goos string, getenv func(string) string) ArcFiles {
	if goos != "windows" {
		return ArcFiles{Agent: "/opt/azcmagent/bin/himds", Keys: "/var/opt/azcmagent/tokens"}
	}
	below := func(base string, names ...string) string {
		if base == "" {
			return "" // a relative path would depend on the working directory
		}
		return filepath.Join(append([]string{base, "AzureConnectedMachineAgent"}, names...)...)
	}
	// For a 32-bit program %ProgramFiles% is another directory.
	programs := cmp.Or(getenv("ProgramW6432"), getenv("ProgramFiles"))
	return ArcFiles{Agent: below(programs, "himds.exe"), Keys: below(getenv("ProgramData"), "Tokens")}
}

func (f ArcFiles) agentIsThere() (path string, ok bool) {
	if f.Agent == "" {
		return "", false
	}
	_, err := os.Stat(f.Agent)
	return f.Agent, err == nil
}

// key reads the key file that a challenge names.
func (f ArcFiles) key(challenge string) (string, error) {
	name, err := f.keyName(challenge)
	if err != nil {
		return "", &wire.Failure{StatusCode: 401, Err: err, Advice: notArc}
	}
	content, err := f.read(name)
	if err != nil {
		failure := &wire.Failure{StatusCode: 401, Err: fmt.Errorf("the agent's key file: %w", err), Advice: notArc}
		if errors.Is(err, fs.ErrPermission) {
			failure.Advice = "let the program's user read it: usermod -aG himds <user> (on Windows the group Hybrid agent extension applications), and restart the program"
		}
		return "", failure
	}
	return content, nil
}

// keyName returns the name of the file in f.Keys that a challenge names by its full path:
//
//	Basic realm=/var/opt/azcmagent/tokens/6f9c….key
func (f ArcFiles) keyName(challenge string) (string, error) {
	const scheme = "Basic realm="
	if len(challenge) < len(scheme) || !strings.EqualFold(challenge[:len(scheme)], scheme) {
		return "", errChallenge
	}
	path := strings.Trim(challenge[len(scheme):], `"`)
	dir, name := filepath.Split(path)
	if f.Keys == "" || filepath.Clean(path) != path || filepath.Clean(dir) != filepath.Clean(f.Keys) || !strings.HasSuffix(name, ".key") || name == ".key" {
		return "", errKeyPlace
	}
	return name, nil
}

func (f ArcFiles) read(name string) (string, error) {
	root, err := os.OpenRoot(f.Keys) // no link leads out of it
	if err != nil {
		return "", withoutPath(err)
	}
	defer root.Close()
	word, err := readWord(root.OpenFile, name, maxKey)
	return word, withoutPath(err)
}
