// Package envfile gives programs the environment by which their SDKs find an agent, with its
// secret: to paste, or in a file that outlives the agent.
package envfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-ac726066/aztoken/internal/secret"
)

// Environment are the variables that point a program's SDK at the agent. It holds a secret.
type Environment map[string]string

// The variables with the secret: of App Service's protocol of 2019, and of that of 2017.
const (
	headerVariable    = "IDENTITY_HEADER"
	msiSecretVariable = "MSI_SECRET"
)

// Path is where the agent speaks App Service's protocol.
const Path = "/msi/token"

// New returns the environment of callers that show a secret. It has both pairs of variables: SDKs
// prefer IDENTITY_*, and older ones know only MSI_*. A blank base is an agent on a Unix socket,
// which SDKs cannot reach.
func New(base string, shown secret.Text, imds bool) Environment {
	env := Environment{headerVariable: shown.Reveal(), msiSecretVariable: shown.Reveal()}
	if base == "" {
		return env
	}
	env["IDENTITY_ENDPOINT"], env["MSI_ENDPOINT"] = base+Path, base+Path
	if imds {
		env["AZURE_POD_IDENTITY_AUTHORITY_HOST"] = base
	}
	return env
}

// BaseURL returns the URL of an agent that listens at address, by the first of its names if it has
// any.
func BaseURL(address net.Addr, hostnames []string) string {
	tcp, ok := address.(*net.TCPAddr)
	if !ok {
		return ""
	}
	host := tcp.IP.String()
	switch {
	case len(hostnames) > 0:
		host = hostnames[0]
	case tcp.IP.IsUnspecified():
		host = "127.0.0.1" // numeric, as localhost is ::1 to some programs
	}
	return "http://" + net.JoinHostPort(host, strconv.Itoa(tcp.Port))
}

// WithoutSecrets returns env without the variables that hold a secret.
func (env Environment) WithoutSecrets() Environment {
	public := maps.Clone(env)
	delete(public, headerVariable)
	delete(public, msiSecretVariable)
	return public
}

// plainValue matches what Docker, systemd and shells read from a file unchanged, without quotes.
var plainValue = regexp.MustCompile(`^[A-Za-z0-9:/._-]+$`)

// Write writes env as lines of KEY=value into a file of mode 0600, and replaces an existing one.
func (env Environment) Write(path string) (err error) {
	file, err := os.CreateTemp(filepath.Dir(path), ".aztoken-*") // 0600
	if err != nil {
		return fmt.Errorf("aztoken: the environment file %s cannot be written: %w; its directory must be there and be the agent's to write", path, err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(file.Name())
			err = fmt.Errorf("aztoken: the environment file %s cannot be written: %w", path, err)
		}
	}()
	for _, name := range slices.Sorted(maps.Keys(env)) {
		if !plainValue.MatchString(env[name]) {
			_ = file.Close()
			return fmt.Errorf("the value of %s has characters other than A-Z a-z 0-9 : / . _ -", name)
		}
		_, _ = fmt.Fprintf(file, "%s=%s\n", name, env[name]) // Sync or Close fails too
	}
	if err := errors.Join(file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

const (
	// minSecret is a length that cannot be guessed: sixteen characters of base64 have 96 bits.
	minSecret = 16
	// maxSecretFile is far more than a secret or an environment file has.
	maxSecretFile = 4096
)

// ReadSecret returns the secret in a file that another program made.
func ReadSecret(path string) (secret.Text, error) {
	file, err := os.Open(path)
	if err != nil {
		return secret.Text{}, fmt.Errorf("aztoken: the callers' secret: %w; make the file, or leave it to the agent to make a secret", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxSecretFile))
	if err != nil {
		return secret.Text{}, fmt.Errorf("aztoken: the callers' secret: %w", err)
	}
	value := strings.TrimRight(string(text), "\r\n")
	if len(value) < minSecret || !plainValue.MatchString(value) {
		return secret.Text{}, fmt.Errorf("aztoken: the callers' secret in %s must have at least %d of the characters A-Z a-z 0-9 : / . _ -", path, minSecret)
	}
	return secret.New(value), nil
}

// WrittenSecret returns the secret in an environment file if the file is the agent's own: if
// another user may have written it, that user knows the secret.
func WrittenSecret(path string) (secret.Text, bool) {
	if path == "" {
		return secret.Text{}, false
	}
	seen, err := os.Lstat(path)
	if err != nil || !seen.Mode().IsRegular() || !isPrivate(seen) {
		return secret.Text{}, false
	}
	file, err := os.Open(path)
	if err != nil {
		return secret.Text{}, false
	}
	defer file.Close()
	if opened, err := file.Stat(); err != nil || !os.SameFile(seen, opened) {
		return secret.Text{}, false
	}
	lines := bufio.NewScanner(io.LimitReader(file, maxSecretFile))
	for lines.Scan() {
		value, ok := strings.CutPrefix(lines.Text(), headerVariable+"=")
		if ok && len(value) >= minSecret && plainValue.MatchString(value) {
			return secret.New(value), true
		}
	}
	return secret.Text{}, false
}

// isPrivate reports whether a file is this user's and no other user may read or write it.
func isPrivate(info fs.FileInfo) bool { return isOwn(info) && info.Mode().Perm()&0o077 == 0 }
