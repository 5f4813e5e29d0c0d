//go:build !unix

package program

import (
	"os"
	"os/exec"
)

// caught returns what Windows has.
func caught(bool) []os.Signal { return []os.Signal{os.Interrupt} }

// hasTerminal reports true, as there is no knowing.
func hasTerminal() bool { return true }

// ofTerminal reports true: a console sends Ctrl-C to every process that it has.
func ofTerminal(os.Signal) bool { return true }

func wait(cmd *exec.Cmd) int {
	_ = cmd.Wait() // the state says more than the error
	return cmd.ProcessState.ExitCode()
}
