// Package examples_test runs the programs of this folder as a reader would.
package examples_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
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
			out, err := run(t, program).CombinedOutput()
			require.NoError(t, err, string(out))
			require.Contains(t, string(out), want)
		})
	}
}

// run prepares a program in an environment where "az" is a script that answers as the Azure CLI
// does.
func run(t *testing.T, program string) *exec.Cmd {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the stand-in for the Azure CLI is a shell script")
	}
	bin := filepath.Join(t.TempDir(), program)
	build := exec.Command("go", "build", "-o", bin, "./"+program)
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))
	az := filepath.Join(filepath.Dir(bin), "az")
	require.NoError(t, os.WriteFile(az, []byte(`#!/bin/sh
echo '{"accessToken":"token","expires_on":4102444800,"expiresOn":"2100-01-01 00:00:00.000000","tokenType":"Bearer"}'
`), 0o700))
	cmd := exec.Command(bin)
	cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(bin)+string(os.PathListSeparator)+os.Getenv("PATH"))
	return cmd
}
