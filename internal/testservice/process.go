package testservice

import (
	"net"
	"os/exec"
	"testing"
	"time"

	"github.com/seed-ac726066/aztoken/internal/lockedbuffer"
)

// startTime is far more than any of the servers takes on a busy machine.
const startTime = 2 * time.Minute

// Process is a server that a test started.
type Process struct {
	cmd   *exec.Cmd
	ended chan struct{}
}

// Start starts cmd and returns when something listens at addr. The server and its child processes
// are killed when the test ends.
func Start(tb testing.TB, cmd *exec.Cmd, addr string) *Process {
	tb.Helper()
	said := new(lockedbuffer.Buffer)
	cmd.Stdout, cmd.Stderr = said, said
	leadGroup(cmd)
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	p := &Process{cmd: cmd, ended: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // the error says that it was killed
		close(p.ended)
	}()
	tb.Cleanup(p.Kill)
	for limit := time.Now().Add(startTime); ; {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			_ = conn.Close()
			return p
		}
		select {
		case <-p.ended:
			tb.Fatalf("%s has ended: %s", cmd.Path, said)
		case <-time.After(10 * time.Millisecond):
		}
		if time.Now().After(limit) {
			tb.Fatalf("%s does not listen at %s after %s: %s", cmd.Path, addr, startTime, said)
		}
	}
}

// Kill ends the server as a crash does.
func (p *Process) Kill() {
	select {
	case <-p.ended: // the group id may be reused by now
		return
	default:
	}
	killGroup(p.cmd.Process)
	<-p.ended
}
