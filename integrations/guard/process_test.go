package guard_test

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/lockedbuffer"
)

// process is a server that a test has started.
type process struct {
	*exec.Cmd
	said *lockedbuffer.Buffer
}

// launch starts a server and returns when ready reports that it is up. The server ends with the
// test. Waiting until something listens on the address is not enough, because that may briefly be
// another process's server.
func launch(t *testing.T, cmd *exec.Cmd, ready func(p *process) bool) *process {
	t.Helper()
	p := &process{cmd, new(lockedbuffer.Buffer)}
	cmd.Stdout, cmd.Stderr = p.said, p.said
	cmd.WaitDelay = 5 * time.Second // a child that outlives it must not block the test
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		p.stop()
		if said := p.said.String(); t.Failed() {
			t.Logf("%s said:\n%s", filepath.Base(cmd.Path), said[max(0, len(said)-4000):])
		}
	})
	require.Eventually(t, func() bool { return ready(p) }, 20*time.Second, 10*time.Millisecond, "%s: %s", cmd.Path, p.said)
	return p
}

// says waits until a server prints the given words.
func says(words string) func(*process) bool {
	return func(p *process) bool { return strings.Contains(p.said.String(), words) }
}

// answers waits for the status of a server's answer to a request for an unknown host.
func answers(address string, status int) func(*process) bool {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Second}
	return func(*process) bool {
		resp, err := client.Get("http://" + address)
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == status
	}
}

// stop stops the server and any workers that it has.
func (p *process) stop() {
	if p.ProcessState == nil {
		_ = p.Process.Signal(syscall.SIGTERM)
		_ = p.Wait()
	}
}

// kill kills the server, as a crash would.
func (p *process) kill() {
	if p.ProcessState == nil {
		_ = p.Process.Kill()
		_ = p.Wait() // returns an error: it was killed
	}
}

// port returns the port of an address.
func port(t *testing.T, address string) string {
	t.Helper()
	_, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	return port
}

// publicDir returns a directory that other users can read, such as those that proxy workers run as.
// It is removed when the test ends.
func publicDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "aztoken-guard-")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) }) // a proxy may still be writing
	require.NoError(t, os.Chmod(dir, 0o755))
	return dir
}

// examples is the folder of the files for users.
const examples = "../../examples/guard"

// install copies an example into dir and replaces every occurrence of the old texts in
// replacements, which has pairs of old and new text. It fails the test if an old text does not
// occur.
func install(t *testing.T, example, dir string, replacements ...string) (path string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(examples, example))
	require.NoError(t, err)
	for pair := range slices.Chunk(replacements, 2) {
		require.Contains(t, string(content), pair[0], "in %s", example)
	}
	path = filepath.Join(dir, filepath.Base(example))
	require.NoError(t, os.MkdirAll(dir, 0o755))
	require.NoError(t, os.WriteFile(path, []byte(strings.NewReplacer(replacements...).Replace(string(content))), 0o644))
	return path
}
