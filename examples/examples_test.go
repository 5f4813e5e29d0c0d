// Package examples_test runs the programs in this folder as a reader would.
package examples_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
)

func TestTheExamplesRunAsTheyStand(t *testing.T) {
	t.Parallel()
	for program, want := range map[string]string{
		"quickstart": "0 failed",
		"restart":    "48 starts, 2880 calls, 0 failed",
		"httpclient": "200 OK: hello from /custom",
		"gettoken":   "a password of the right length: true",
		"azuresdk":   "the content of /reports/today",
		"laptop":     "a token for https://management.azure.com that expires",
	} {
		t.Run(program, func(t *testing.T) {
			t.Parallel()
			// The program must not look for an identity outside the test.
			cmd, _ := run(t, build(t, program), append(os.Environ(), "AZURE_TOKEN_CREDENTIALS=dev"))
			out, err := cmd.CombinedOutput()
			require.NoError(t, err, string(out))
			require.Contains(t, string(out), want)
		})
	}
}

func TestLaptopTakesTheIdentityThatTheSwitchSays(t *testing.T) {
	t.Parallel()
	bin := build(t, "laptop")
	here := imdstest.NewServer(t, nil)
	elsewhere := imdstest.NewServer(t, nil)
	elsewhere.Break(imdstest.NotJSON()) // something other than an identity endpoint answers
	for name, tc := range map[string]struct {
		at     *imdstest.Server
		choice string // AZURE_TOKEN_CREDENTIALS
		id     string // AZURE_CLIENT_ID
		signed bool   // the developer's sign-in was used
		says   string // the error; "" for a token
	}{
		"dev":                                    {at: here, choice: "dev", signed: true},
		"prod":                                   {at: here, choice: "prod"},
		"prod, by the name of the credential":    {at: here, choice: "ManagedIdentityCredential"},
		"prod, where there is no identity":       {at: elsewhere, choice: "prod", says: "no managed identity endpoint"},
		"a tool by its name":                     {at: here, choice: "AzureCLICredential", signed: true},
		"a name that is none":                    {at: here, choice: "laptop", says: "AZURE_TOKEN_CREDENTIALS"},
		"unset, where there is an identity":      {at: here},
		"unset, where there is none":             {at: elsewhere, signed: true},
		"unset, where there is another identity": {at: here, id: "c0000000-0000-4000-8000-0000000000ff", says: "Identity not found"},
		"an id that is none":                     {at: here, id: "orders", says: "not a client id"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd, called := run(t, bin, append(tc.at.IMDS().Environ(), "AZURE_TOKEN_CREDENTIALS="+tc.choice, "AZURE_CLIENT_ID="+tc.id))
			out, err := cmd.CombinedOutput()
			if tc.says == "" {
				require.NoError(t, err, string(out))
				require.Contains(t, string(out), "a token for https://management.azure.com that expires")
			} else {
				require.Error(t, err)
				require.Contains(t, string(out), tc.says)
			}
			_, err = os.Stat(called)
			require.Equal(t, tc.signed, err == nil, string(out))
		})
	}
}

// build builds a program of this folder and returns its path.
func build(t *testing.T, program string) (bin string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the stand-in for the Azure CLI is a shell script")
	}
	bin = filepath.Join(t.TempDir(), program)
	out, err := exec.Command("go", "build", "-o", bin, "./"+program).CombinedOutput()
	require.NoError(t, err, string(out))
	return bin
}

// run prepares a program in an environment where "az" is a script that answers like the Azure CLI
// and creates the file called.
func run(t *testing.T, bin string, environ []string) (cmd *exec.Cmd, called string) {
	t.Helper()
	az := filepath.Join(t.TempDir(), "az")
	called = az + "-was-called"
	require.NoError(t, os.WriteFile(az, []byte(`#!/bin/sh
: >"$0-was-called"
echo '{"accessToken":"token","expires_on":4102444800,"expiresOn":"2100-01-01 00:00:00.000000","tokenType":"Bearer"}'
`), 0o700))
	cmd = exec.Command(bin)
	cmd.Env = append(environ, "PATH="+filepath.Dir(az)+string(os.PathListSeparator)+os.Getenv("PATH"))
	return cmd, called
}
