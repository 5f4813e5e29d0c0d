//go:build unix

package testservice

import (
	"os"
	"os/exec"
	"syscall"
)

// leadGroup starts the process in a new process group, which killGroup ends.
func leadGroup(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
}

func killGroup(p *os.Process) { _ = syscall.Kill(-p.Pid, syscall.SIGKILL) }

// Stop suspends the server until Resume, as on a machine that swaps.
func (p *Process) Stop() error { return p.cmd.Process.Signal(syscall.SIGSTOP) }

// Resume ends Stop.
func (p *Process) Resume() error { return p.cmd.Process.Signal(syscall.SIGCONT) }
