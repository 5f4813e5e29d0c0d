//go:build unix

package testservice

import (
	"os"
	"os/exec"
	"syscall"
)

// leadGroup makes the process the first of a group of its own, which killGroup ends.
func leadGroup(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
}

func killGroup(p *os.Process) { _ = syscall.Kill(-p.Pid, syscall.SIGKILL) }

// Stop lets the server do nothing until Resume, as a machine that swaps does.
func (p *Process) Stop() error { return p.cmd.Process.Signal(syscall.SIGSTOP) }

// Resume ends Stop.
func (p *Process) Resume() error { return p.cmd.Process.Signal(syscall.SIGCONT) }
