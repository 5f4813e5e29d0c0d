//go:build !unix

package program

import (
	"os"
	"os/exec"
)

// caught returns the signals of Windows.
func caught(bool) []os.Signal { return []os.Signal{os.Interrupt} }

// hasTerminal reports true, because there is no way to know.
func hasTerminal() bool { return true }

// ofTerminal reports true: a console sends Ctrl-C to all its processes.
func ofTerminal(os.Signal) bool { return true }

func wait(cmd *exec.Cmd) int {
	_ = cmd.Wait() // the state says more than the error
	return cmd.ProcessState.ExitCode()
}
