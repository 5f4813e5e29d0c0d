package statusz_test

import (
	"bytes"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
)

// TestAgentInABrowser tests that the agent's gate accepts a browser that a person pointed there and
// that reloads the page.
func TestAgentInABrowser(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there is no SIGTERM to send to a process")
	}
	folder := artifacts(t)
	chromium(t)
	address := startAgent(t)
	for _, v := range look(t, folder, "http://"+address+"/statusz") {
		requireGood(t, v)
		require.Len(t, v.Bars, 1)
		require.Contains(t, v.Roles, "aztoken agent")
		require.Contains(t, v.Roles, vault)
	}
}

// startAgent builds the command, runs an agent with a token until the test ends, and returns its
// address.
func startAgent(t *testing.T) string {
	t.Helper()
	host := imdstest.NewServer(t, &imdstest.Options{Identities: []imdstest.Identity{{ClientID: clientID}}})
	binary := filepath.Join(t.TempDir(), "aztoken")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "./cmd/aztoken")
	build.Dir = "../.."
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, free.Close())
	address := free.Addr().String()

	cmd := exec.Command(binary, "agent", "--listen", address, "--endpoint", host.URL, "--id", clientID, "--warm", vault)
	cmd.Env = imdstest.Environment{}.Environ()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
		require.NoError(t, cmd.Wait(), &stderr)
	})
	require.Eventually(t, func() bool {
		resp, err := http.Get("http://" + address + "/readyz")
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	}, 20*time.Second, 20*time.Millisecond)
	return address
}
