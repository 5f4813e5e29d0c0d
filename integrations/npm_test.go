package integrations_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// npmFolder is where the clients for JavaScript are installed.
const npmFolder = "npm"

// leastNode is the first release of Node.js that runs them. @azure/identity says 22, and runs with
// 20.
const leastNode = 20

// script returns the token of a library that is used from one of the scripts in npmFolder.
func script(name string) func(*testing.T, site, string, kind, string) (string, error) {
	return func(t *testing.T, at site, resource string, k kind, id string) (string, error) {
		t.Helper()
		arguments := []string{name, resource}
		if id != "" {
			word, _, _ := strings.Cut(string(k), " ")
			arguments = append(arguments, word, id)
		}
		node := exec.CommandContext(t.Context(), "node", arguments...)
		node.Dir = npmFolder
		node.Env = append(at.env.Environ(), "NODE_EXTRA_CA_CERTS="+at.srv.CertificateFile())
		var said bytes.Buffer
		node.Stderr = &said
		token, err := node.Output()
		if err != nil {
			return "", fmt.Errorf("%s: %w: %s", name, err, said.String())
		}
		return string(token), nil
	}
}

// msalNodeDeaf is about the one host where @azure/msal-node lets a program name an identity that it
// will not get.
func msalNodeDeaf(h host, _ kind) string {
	if h.name == "Service Fabric" {
		return "@azure/msal-node logs a warning and sends the id, of which Service Fabric takes no notice (see its ServiceFabric.ts)"
	}
	return ""
}

// needNode skips a test where the clients for JavaScript are not installed.
func needNode(t *testing.T) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(npmFolder, "node_modules", "@azure")); err != nil {
		t.Skip("needs the npm packages: run npm ci in integrations/npm")
	}
	version, err := exec.CommandContext(t.Context(), "node", "--version").Output()
	if err != nil {
		t.Skipf("needs Node.js: %v", err)
	}
	major, _, _ := strings.Cut(strings.TrimPrefix(string(version), "v"), ".")
	if n, err := strconv.Atoi(major); err != nil || n < leastNode {
		t.Skipf("needs Node.js %d or later, and this is %s", leastNode, version)
	}
}

// TestTheLockFileNamesNoRegistry keeps the versions independent of where somebody gets packages
// from.
func TestTheLockFileNamesNoRegistry(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(filepath.Join(npmFolder, "package-lock.json"))
	require.NoError(t, err)
	var lock struct {
		Packages map[string]struct{ Version, Integrity, Resolved string }
	}
	require.NoError(t, json.Unmarshal(content, &lock))
	require.NotEmpty(t, lock.Packages)
	for name, p := range lock.Packages {
		require.Empty(t, p.Resolved, name)
	}
}
