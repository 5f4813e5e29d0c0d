package program

import (
	"os/exec"
	"syscall"
)

// endWithParent has the program told to end when this process is killed: it would have nobody left
// to get tokens from.
func endWithParent(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM} }
