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

// launch starts a server, and returns when it says or does what ready waits for. It ends with the
// test. That something listens at its address is not enough: for a moment that may be another
// process's server.
func launch(t *testing.T, cmd *exec.Cmd, ready func(p *process) bool) *process {
	t.Helper()
	p := &process{cmd, new(lockedbuffer.Buffer)}
	cmd.Stdout, cmd.Stderr = p.said, p.said
	cmd.WaitDelay = 5 * time.Second // a child that outlives it must not keep the test
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

// says waits for words of a server.
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

// stop ends the server, and the workers that it may have.
func (p *process) stop() {
	if p.ProcessState == nil {
		_ = p.Process.Signal(syscall.SIGTERM)
		_ = p.Wait()
	}
}

// kill ends the server as a crash does.
func (p *process) kill() {
	if p.ProcessState == nil {
		_ = p.Process.Kill()
		_ = p.Wait() // which says that it was killed
	}
}

// port returns that of an address.
func port(t *testing.T, address string) string {
	t.Helper()
	_, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	return port
}

// publicDir returns a directory that other users look into too, as the workers of proxies are. It is
// removed when the test ends.
func publicDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "aztoken-guard-")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) }) // a proxy may be writing still
	require.NoError(t, os.Chmod(dir, 0o755))
	return dir
}

// examples is where the files for users are.
const examples = "../../examples/guard"

// install copies an example into dir, with each old text of replacements, of which there are pairs
// of old and new, replaced wherever it stands. One that stands nowhere fails the test.
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
