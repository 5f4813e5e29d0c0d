// Package process runs servers as separate processes and measures what they use.
package process

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Process is a server under measurement.
type Process struct {
	Address string

	cmd *exec.Cmd
}

// Command builds aztoken in a new directory, which remove deletes.
func Command() (binary string, remove func(), err error) {
	dir, err := os.MkdirTemp("", "aztoken-bench-")
	if err != nil {
		return "", nil, err
	}
	binary = filepath.Join(dir, "aztoken")
	cmd := exec.Command("go", "build", "-o", binary, "./cmd/aztoken")
	cmd.Dir = ".."
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", nil, fmt.Errorf("building the command: %w: %s", err, out)
	}
	return binary, func() { _ = os.RemoveAll(dir) }, nil
}

// FreeAddress returns an address on which nothing listens.
func FreeAddress() (string, error) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return free.Addr().String(), free.Close()
}

// Start starts a server and returns once it accepts connections on address.
func Start(cmd *exec.Cmd, address string) (*Process, error) {
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &Process{address, cmd}
	for range 1000 {
		if conn, err := net.Dial("tcp", address); err == nil {
			return p, conn.Close()
		}
		time.Sleep(10 * time.Millisecond)
	}
	p.Stop()
	return nil, errors.New(cmd.Path + " does not start")
}

// Stop stops the server and any workers that it has.
func (p *Process) Stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	_ = p.cmd.Wait()
}

// tick is the unit of CPU time in /proc.
const tick = 10 * time.Millisecond

// CPU returns the CPU time that the server has used.
func (p *Process) CPU() (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("the processor time of a server is read on Linux: %w", err)
	}
	_, rest, _ := strings.Cut(string(text), ") ") // the process name may contain spaces
	fields := strings.Fields(rest)
	user, err := strconv.Atoi(fields[11])
	if err != nil {
		return 0, err
	}
	system, err := strconv.Atoi(fields[12])
	return time.Duration(user+system) * tick, err
}

// Memory returns the resident memory of the server in MiB.
func (p *Process) Memory() (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	pages, err := strconv.Atoi(strings.Fields(string(text))[1])
	return float64(pages*os.Getpagesize()) / (1 << 20), err
}
