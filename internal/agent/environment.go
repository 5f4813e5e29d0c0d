package agent

import (
	"bufio"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
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

// newEnvironment returns the environment of the callers of one identity. Both pairs of variables are there: SDKs prefer
// IDENTITY_*, and older ones know MSI_* alone.
func newEnvironment(base string, header secret.Text, imds bool) Environment {
	env := Environment{headerVariable: header.Reveal(), msiSecretVariable: header.Reveal()}
	if base == "" {
		return env // SDKs do not reach a Unix socket
	}
	env["IDENTITY_ENDPOINT"], env["MSI_ENDPOINT"] = base+appServicePath, base+appServicePath
	if imds {
		env["AZURE_POD_IDENTITY_AUTHORITY_HOST"] = base
	}
	return env
}

// WithoutSecrets returns env without the variables that hold a secret.
func (env Environment) WithoutSecrets() Environment {
	public := maps.Clone(env)
	delete(public, headerVariable)
	delete(public, msiSecretVariable)
	return public
}

// plainValue is what Docker, systemd and shells take from a file as it stands, without quotes.
var plainValue = regexp.MustCompile(`^[A-Za-z0-9:/._-]+$`)

// writeFile writes env as lines of KEY=value into a file of mode 0600, in place of the one that is there.
func (env Environment) writeFile(path string) (err error) {
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
	// minSecret is what cannot be guessed: sixteen characters of base64 have 96 bits.
	minSecret = 16
	// maxSecretFile is far more than a secret or an environment file has.
	maxSecretFile = 4096
)

// secretOf returns the secret of an identity's callers: that of its header file, else that of the environment file that
// an agent before this one wrote, else old, else a new one. SDKs read the environment once, at their start: a secret
// that changed with each start of the agent would lock them out.
func secretOf(id Identity, old secret.Text) (secret.Text, error) {
	if id.HeaderFile != "" {
		file, err := os.Open(id.HeaderFile)
		if err != nil {
			return secret.Text{}, fmt.Errorf("aztoken: the secret of %q: %w; make the file, or leave out header_file", id.Name, err)
		}
		defer file.Close()
		text, err := io.ReadAll(io.LimitReader(file, maxSecretFile))
		if err != nil {
			return secret.Text{}, fmt.Errorf("aztoken: the secret of %q: %w", id.Name, err)
		}
		value := strings.TrimRight(string(text), "\r\n")
		if len(value) < minSecret || !plainValue.MatchString(value) {
			return secret.Text{}, fmt.Errorf("aztoken: the secret of %q in %s must have at least %d of the characters A-Z a-z 0-9 : / . _ -",
				id.Name, id.HeaderFile, minSecret)
		}
		return secret.New(value), nil
	}
	if value, ok := writtenSecret(id.EnvFile); ok {
		return value, nil
	}
	if old.Reveal() != "" {
		return old, nil
	}
	return secret.New(rand.Text()), nil
}

// writtenSecret returns the secret in an environment file, if the file is the agent's own: a secret that somebody else
// may have put there is known to somebody else.
func writtenSecret(path string) (secret.Text, bool) {
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

// isPrivate reports whether a file is this user's and nobody else may read or write it.
func isPrivate(info fs.FileInfo) bool { return isOwn(info) && info.Mode().Perm()&0o077 == 0 }
