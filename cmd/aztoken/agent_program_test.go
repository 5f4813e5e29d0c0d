//go:build unix

package main_test

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
)

func TestAgentProgram(t *testing.T) {
	t.Parallel()
	host := machineForAgents(t)
	notExecutable := filepath.Join(t.TempDir(), "program")
	require.NoError(t, os.WriteFile(notExecutable, []byte("#!/bin/sh\n"), 0o600))
	for name, c := range map[string]struct {
		args   []string
		status int
	}{
		"its status":              {[]string{"--", "sh", "-c", "exit 7"}, 7},
		"0":                       {[]string{"--", "true"}, 0},
		"128 and the signal":      {[]string{"--", "sh", "-c", "kill -TERM $$"}, 143},
		"127 if it is none":       {[]string{"--", "no-such-program"}, 127},
		"126 if it cannot run":    {[]string{"--", notExecutable}, 126},
		"125 if the agent cannot": {[]string{"--header-file=/nowhere/header", "--", "true"}, 125},
		"its own flags":           {[]string{"--", "sh", "-c", "test $1 = --help && exit 3", "sh", "--help"}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := aztoken(t, append([]string{"agent", "--listen=127.0.0.1:0", "--endpoint", host.URL, "--id", agentClientA}, c.args...)...)
			require.Equal(t, c.status, got.status, got.stderr)
			require.Empty(t, got.stdout)
		})
	}

	t.Run("has the environment, and nothing that leads past the agent", func(t *testing.T) {
		t.Parallel()
		env := imdstest.Environment{
			"AZURE_FEDERATED_TOKEN_FILE": "/token", "IMDS_ENDPOINT": "http://a", "IDENTITY_SERVER_THUMBPRINT": "x", "IDENTITY_API_VERSION": "x",
			"MSI_SECRET": "x", "NOTIFY_SOCKET": "/nowhere", "AZURE_CLIENT_ID": agentClientA,
		}
		got := invocation{env: env.Environ(), asked: true}.run(t, "agent", "--listen=127.0.0.1:0", "--endpoint", host.URL, "--id", agentClientA,
			"--", binary, "token", orders)
		require.Zero(t, got.status, got.stderr)
		require.Contains(t, got.stdout, "eyJ")
		got = invocation{env: env.Environ()}.run(t, "agent", "--listen=127.0.0.1:0", "--endpoint", host.URL, "--id", agentClientA, "--", "env")
		require.Contains(t, got.stdout, "IDENTITY_ENDPOINT=http://127.0.0.1:")
		require.Contains(t, got.stdout, "AZURE_CLIENT_ID="+agentClientA)
		for _, name := range []string{"AZURE_FEDERATED_TOKEN_FILE", "IMDS_ENDPOINT", "IDENTITY_SERVER_THUMBPRINT", "IDENTITY_API_VERSION", "MSI_SECRET"} {
			require.Equal(t, 1, strings.Count(got.stderr, "variable="+name), got.stderr)
			require.NotContains(t, got.stdout, name+"=x")
		}
		require.NotContains(t, got.stdout, "NOTIFY_SOCKET")
	})

	t.Run("gets the signals, and decides what they mean", func(t *testing.T) {
		t.Parallel()
		cmd := invocation{}.command(t, "agent", "--listen=127.0.0.1:0", "--endpoint", host.URL, "--id", agentClientA, "--", "sh", "-c",
			`trap 'echo HUP' HUP; trap 'echo TERM' TERM; trap 'echo USR1; exit 9' USR1; echo ready; while :; do sleep 0.05; done`)
		// Without a terminal, which would send its signals to the program directly.
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		stdout, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		t.Cleanup(func() { _ = cmd.Process.Kill() })
		lines := bufio.NewScanner(stdout)
		expect := func(want string) {
			t.Helper()
			require.True(t, lines.Scan(), lines.Err())
			require.Equal(t, want, lines.Text())
		}
		expect("ready")
		for sig, name := range map[syscall.Signal]string{syscall.SIGHUP: "HUP", syscall.SIGTERM: "TERM"} {
			require.NoError(t, cmd.Process.Signal(sig))
			expect(name)
		}
		require.NoError(t, cmd.Process.Signal(syscall.SIGUSR1))
		expect("USR1")
		_ = cmd.Wait()
		require.Equal(t, 9, cmd.ProcessState.ExitCode())
	})
}
