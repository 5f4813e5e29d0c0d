package imdstest

import (
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// The variables by which a program finds out on which host it is.
const (
	imdsOverride       = "AZURE_POD_IDENTITY_AUTHORITY_HOST"
	identityEndpoint   = "IDENTITY_ENDPOINT"
	identityHeader     = "IDENTITY_HEADER"
	identityThumbprint = "IDENTITY_SERVER_THUMBPRINT"
	identityVersion    = "IDENTITY_API_VERSION"
	imdsEndpoint       = "IMDS_ENDPOINT"
	msiEndpoint        = "MSI_ENDPOINT"
	msiSecret          = "MSI_SECRET"
	defaultClientID    = "DEFAULT_IDENTITY_CLIENT_ID"
	federatedTokenFile = "AZURE_FEDERATED_TOKEN_FILE"
	tenantID           = "AZURE_TENANT_ID"
	clientID           = "AZURE_CLIENT_ID"
	authorityHost      = "AZURE_AUTHORITY_HOST"
)

// detection returns the names of all of them.
func detection() []string {
	return []string{
		imdsOverride,
		identityEndpoint, identityHeader, identityThumbprint, identityVersion, imdsEndpoint,
		msiEndpoint, msiSecret, defaultClientID,
		federatedTokenFile, tenantID, clientID, authorityHost,
	}
}

// Environment is what a host sets for the programs on it, by name of the variable. It contains secrets, though only
// those of a fake.
type Environment map[string]string

// Get returns a variable, as [os.Getenv] does, or "". It is for aztoken.Options.Getenv.
func (e Environment) Get(name string) string { return e[name] }

// Setenv puts the test on the host, until it ends: every variable is set, and every other by which a program detects a
// host is taken away. It is for clients that read the environment of the process. A test that calls it, or one
// of its parents, cannot run in parallel.
func (e Environment) Setenv(tb testing.TB) {
	tb.Helper()
	for _, name := range detection() {
		if _, ok := e[name]; !ok {
			tb.Setenv(name, "") // remembers to restore it
			if err := os.Unsetenv(name); err != nil {
				tb.Fatalf("imdstest: taking %s out of the environment: %v", name, err)
			}
		}
	}
	for name, value := range e {
		tb.Setenv(name, value)
	}
}

// Environ returns the environment for a program that the test starts, for exec.Cmd.Env: that of the process without the
// variables by which a program detects a host, and then these.
func (e Environment) Environ() []string {
	left := slices.DeleteFunc(os.Environ(), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		if _, ok := e[name]; ok {
			return true
		}
		return slices.ContainsFunc(detection(), func(n string) bool {
			return n == name || runtime.GOOS == "windows" && strings.EqualFold(n, name)
		})
	})
	for _, name := range slices.Sorted(maps.Keys(e)) {
		left = append(left, name+"="+e[name])
	}
	return left
}
