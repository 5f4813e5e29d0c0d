package guard_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/internal/testservice"
)

// stand is a service behind a proxy that calls a guard. The guard's keys come from a fake issuer.
type stand struct {
	at      addresses
	imds    *imdstest.Server
	service *service
	keyFile string
	speaks  string
	guard   *process
}

// newStand starts the fake issuer, the service and the guard.
func newStand(t *testing.T, speaks string, flags ...string) *stand {
	t.Helper()
	s := &stand{
		imds:    imdstest.NewServer(t, &imdstest.Options{TenantID: tenant}),
		service: startService(t), keyFile: filepath.Join(t.TempDir(), "keys.json"), speaks: speaks,
	}
	s.at = addresses{proxy: testservice.FreeAddress(t), guard: testservice.FreeAddress(t), service: s.service.address}
	s.startGuard(t, flags...)
	return s
}

// startGuard starts the guard with the example rules.
func (s *stand) startGuard(t *testing.T, flags ...string) {
	t.Helper()
	flags = append([]string{"guard", "--config", filepath.Join(examples, "guard.yaml"), "--listen", s.at.guard, "--authority", s.imds.URL, "--key-file", s.keyFile}, flags...)
	if s.speaks != "" {
		flags = append(flags, "--proxy", s.speaks)
	}
	cmd := exec.Command(command, flags...)
	s.guard = launch(t, cmd, says("aztoken guard: serving"))
}

// behind returns a stand behind the proxy.
func behind(t *testing.T, p proxy, flags ...string) *stand {
	t.Helper()
	s := newStand(t, p.speaks, flags...)
	p.start(t, s.at)
	return s
}

// waitForKeys returns once the guard has written its key file.
func (s *stand) waitForKeys(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool {
		info, err := os.Stat(s.keyFile)
		return err == nil && info.Size() > 0
	}, patience, 10*time.Millisecond)
}

// behindEach runs a test behind each of these proxies.
func behindEach(t *testing.T, all []proxy, test func(t *testing.T, p proxy)) {
	for _, p := range all {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			test(t, p)
		})
	}
}

// Every proxy lets the same callers through to the same routes.
func TestProxies(t *testing.T) {
	t.Parallel()
	behindEach(t, proxies, func(t *testing.T, p proxy) {
		s := behind(t, p)
		t.Run("tokens", s.testTokens)
		t.Run("forged identities", s.testForgedIdentities)
		t.Run("forged contexts", s.testForgedContexts)
		t.Run("paths", s.testPaths)
		t.Run("methods", s.testMethods)
		t.Run("hosts", s.testHosts)
		t.Run("bodies", s.testBodies)
		require.NotContains(t, s.guard.said.String(), "eyJ")
	})
}
