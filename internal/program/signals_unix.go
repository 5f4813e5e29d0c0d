//go:build unix

package program

import (
	"os"
	"os/exec"
	"syscall"
)

// caught returns the signals that are passed on.
func caught(hasTerminal bool) []os.Signal {
	all := []os.Signal{
		syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGALRM, syscall.SIGCONT,
	}
	// With a terminal they keep their usual effect here, and the terminal sends them to the program
	// itself.
	if !hasTerminal {
		all = append(all, syscall.SIGTSTP, syscall.SIGWINCH)
	}
	return all
}

// hasTerminal reports whether a terminal sends its signals to the processes of this session. (Its
// streams may be files nevertheless.)
func hasTerminal() bool {
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		return false
	}
	_ = tty.Close()
	return true
}

// ofTerminal reports whether a terminal sends sig to every process of the group.
func ofTerminal(sig os.Signal) bool {
	switch sig {
	case syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTSTP, syscall.SIGWINCH:
		return true
	}
	return false
}

// wait returns the exit status of a program that was started. As process 1 of a container it also
// reaps orphans, which would otherwise stay zombies.
func wait(cmd *exec.Cmd) int {
	if os.Getpid() != 1 {
		_ = cmd.Wait() // the state says more than the error
		return statusOf(cmd.ProcessState.Sys().(syscall.WaitStatus))
	}
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return StatusNotExecutable // somebody else has waited for it
		case pid == cmd.Process.Pid && (status.Exited() || status.Signaled()):
			return statusOf(status)
		}
	}
}

func statusOf(s syscall.WaitStatus) int {
	if s.Signaled() {
		return statusSignal + int(s.Signal())
	}
	return s.ExitStatus()
}
