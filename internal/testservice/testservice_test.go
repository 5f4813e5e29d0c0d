package testservice_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/testservice"
)

// TestMain acts as the server of these tests if the environment has an address for it.
func TestMain(m *testing.M) {
	if addr := os.Getenv("TESTSERVICE_LISTEN"); addr != "" {
		listener, err := net.Listen("tcp", addr)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		for {
			if _, err := listener.Accept(); err != nil {
				os.Exit(1)
			}
		}
	}
	os.Exit(m.Run())
}

func TestStart(t *testing.T) {
	t.Parallel()
	addr := testservice.FreeAddress(t)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "TESTSERVICE_LISTEN="+addr)
	process := testservice.Start(t, cmd, addr)
	conn, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	process.Kill()
	_, err = net.Dial("tcp", addr)
	require.Error(t, err)
	process.Kill() // a second time does nothing
}

// end is what Missing reports to a test.
type end struct {
	testing.TB
	skipped, failed bool
}

func (e *end) Helper()               {}
func (e *end) Skip(...any)           { e.skipped = true }
func (e *end) Fatalf(string, ...any) { e.failed = true; panic(e) }

func TestMissing(t *testing.T) {
	for required, fails := range map[string]bool{"": false, "redis": false, "redis,postgres": true, "postgres": true} {
		t.Setenv("AZTOKEN_REQUIRE", required)
		var e end
		func() {
			defer func() { _ = recover() }()
			testservice.Missing(&e, "postgres", "there is no PostgreSQL on this machine")
		}()
		require.Equal(t, end{skipped: !fails, failed: fails}, e, required)
	}
}
