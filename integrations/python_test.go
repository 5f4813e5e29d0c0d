package integrations_test

import (
	"bytes"
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

// debianPython is the interpreter that Debian's packages are for. Another may be first in PATH.
const debianPython = "/usr/bin/python3"

// pythonToken returns the token of azure-identity for Python, as Debian's python3-azure has it.
func pythonToken(t *testing.T, at site, resource string, k kind, id string) (string, error) {
	t.Helper()
	arguments := []string{"python/azure_identity.py", resource}
	if id != "" {
		word, _, _ := strings.Cut(string(k), " ")
		arguments = append(arguments, word, id)
	}
	python := exec.CommandContext(t.Context(), debianPython, arguments...)
	python.Env = append(at.env.Environ(), "REQUESTS_CA_BUNDLE="+at.srv.CertificateFile(), "PYTHONDONTWRITEBYTECODE=1")
	var said bytes.Buffer
	python.Stderr = &said
	token, err := python.Output()
	if err != nil {
		return "", fmt.Errorf("azure_identity.py: %w: %s", err, said.String())
	}
	return string(token), nil
}

// pythonDeaf is about the hosts whose protocol has no such id, which the library sends all the
// same.
func pythonDeaf(h host, k kind) string {
	switch {
	case h.name == "Service Fabric", h.name == "Cloud Shell":
		return "azure-identity sends the id, of which " + h.name + " takes no notice"
	case h.name == "Azure ML" && k != byClientID:
		return "azure-identity sends what identity_config has, of which Azure ML takes no notice"
	}
	return ""
}

// pythonRefuses is about the one host where this release refuses what the host knows.
func pythonRefuses(h host, k kind) string {
	if h.name == arc.name && k != byDefault {
		return "azure-identity 1.13 takes Azure Arc to have no user-assigned identities"
	}
	return ""
}

// needPython skips a test where the clients for Python are not installed.
func needPython(t *testing.T) {
	t.Helper()
	if err := exec.CommandContext(t.Context(), debianPython, "-c", "import azure.identity").Run(); err != nil {
		t.Skip("needs azure-identity for Python: apt-get install python3-azure")
	}
}
