package program

import (
	"os/exec"
	"syscall"
)

// endWithParent makes the kernel signal the program to end when this process is killed, because the
// program could get no more tokens.
func endWithParent(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM} }
