package imdstest_test

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
)

// detection are the variables by which clients find out where they are.
var detection = []string{
	"AZURE_POD_IDENTITY_AUTHORITY_HOST", "IDENTITY_ENDPOINT", "IDENTITY_HEADER", "IDENTITY_SERVER_THUMBPRINT",
	"IDENTITY_API_VERSION", "IMDS_ENDPOINT", "MSI_ENDPOINT", "MSI_SECRET", "DEFAULT_IDENTITY_CLIENT_ID",
	"AZURE_FEDERATED_TOKEN_FILE", "AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_AUTHORITY_HOST",
	"AZURE_KUBERNETES_TOKEN_PROXY", "AZURE_KUBERNETES_SNI_NAME", "AZURE_KUBERNETES_CA_FILE", "AZURE_KUBERNETES_CA_DATA",
}

func TestEnvironmentIsThatOfTheHost(t *testing.T) {
	t.Parallel()
	c := inMemory(t, withFiles(t, imdstest.Options{}))
	t.Cleanup(c.server.Close)
	any := ""
	for host, want := range map[string]imdstest.Environment{
		"IMDS":                           {"AZURE_POD_IDENTITY_AUTHORITY_HOST": "http://imds.test"},
		"App Service":                    {"IDENTITY_ENDPOINT": "http://imds.test/msi/token", "IDENTITY_HEADER": any, "MSI_ENDPOINT": "http://imds.test/msi/token", "MSI_SECRET": any},
		"Container Instances on Windows": {"IDENTITY_ENDPOINT": "http://imds.test/container/metadata/identity/oauth2/token?api-version=1.0", "IDENTITY_HEADER": any},
		"Azure Arc":                      {"IDENTITY_ENDPOINT": "http://imds.test/arc/metadata/identity/oauth2/token", "IMDS_ENDPOINT": "http://imds.test"},
		"Service Fabric":                 {"IDENTITY_ENDPOINT": "https://imds.test/fabric/metadata/identity/oauth2/token", "IDENTITY_HEADER": any, "IDENTITY_SERVER_THUMBPRINT": any, "IDENTITY_API_VERSION": "2019-07-01-preview"},
		"Cloud Shell":                    {"MSI_ENDPOINT": "http://imds.test/oauth2/token"},
		"Azure ML":                       {"MSI_ENDPOINT": "http://imds.test/MSI/auth", "MSI_SECRET": any, "DEFAULT_IDENTITY_CLIENT_ID": imdstest.DefaultClientID},
		"workload identity": {"AZURE_FEDERATED_TOKEN_FILE": any, "AZURE_TENANT_ID": tenant, "AZURE_CLIENT_ID": imdstest.DefaultClientID,
			"AZURE_AUTHORITY_HOST": "https://imds.test/"},
		"identity binding": {"AZURE_FEDERATED_TOKEN_FILE": any, "AZURE_TENANT_ID": tenant, "AZURE_CLIENT_ID": imdstest.DefaultClientID,
			"AZURE_AUTHORITY_HOST": "https://imds.test/", "AZURE_KUBERNETES_TOKEN_PROXY": "https://imds.test/identity-binding",
			"AZURE_KUBERNETES_SNI_NAME": any, "AZURE_KUBERNETES_CA_FILE": any},
	} {
		got := on(c, host).environment
		for name, value := range want {
			require.NotEmpty(t, got.Get(name))
			if value == any {
				want[name] = got[name]
			}
			require.Contains(t, detection, name)
		}
		require.Equal(t, want, got)
		require.Empty(t, got.Get("PATH"))
	}
	e := c.server.AppService()
	require.Equal(t, e["IDENTITY_HEADER"], e["MSI_SECRET"])
}

// The tests of the process's environment run alone.

func TestSetenvPutsTheTestOnAHostUntilItsEnd(t *testing.T) {
	for _, name := range detection {
		t.Setenv(name, "before")
	}
	environment := imdstest.New(nil).CloudShell()
	t.Run("inner", func(t *testing.T) {
		environment.Setenv(t)
		for _, name := range detection {
			value, ok := os.LookupEnv(name)
			require.Equal(t, environment[name], value)
			require.Equal(t, name == "MSI_ENDPOINT", ok, name)
		}
	})
	for _, name := range detection {
		require.Equal(t, "before", os.Getenv(name))
	}
}

func TestSetenvLeavesUnsetWhatWas(t *testing.T) {
	for _, name := range detection {
		t.Setenv(name, "") // so that it is restored
		require.NoError(t, os.Unsetenv(name))
	}
	t.Run("inner", func(t *testing.T) { imdstest.New(nil).AppService().Setenv(t) })
	for _, name := range detection {
		_, ok := os.LookupEnv(name)
		require.False(t, ok, name)
	}
}

func TestEnvironIsForProgramsThatTheTestStarts(t *testing.T) {
	for _, name := range detection {
		t.Setenv(name, "before")
	}
	t.Setenv("IMDSTEST_ELSE", "x=y")
	environment := imdstest.New(nil).AppService()
	got := map[string]string{}
	for _, entry := range environment.Environ() {
		name, value, _ := strings.Cut(entry, "=")
		require.NotContains(t, got, name, "each is there once")
		got[name] = value
	}
	require.Equal(t, "x=y", got["IMDSTEST_ELSE"])
	for _, name := range detection {
		value, ok := got[name]
		require.Equal(t, environment[name], value)
		require.Equal(t, slices.Contains(slices.Collect(maps.Keys(environment)), name), ok, name)
	}
}
