// Package program runs a program as its command would have run without the wrapper: signals reach
// it, and its exit status is the wrapper's.
package program

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
)

// The exit statuses of shells and other wrappers for failures that are not the program's.
const (
	StatusNotExecutable = 126
	StatusNotFound      = 127
	statusSignal        = 128 // and the number of the signal
)

// Run runs args with environ and the streams of this process, and returns its exit status: 128+n if
// signal n ended it, 127 if there is no such program, 126 if it cannot be executed. An error says
// why it was not started.
func Run(args, environ []string) (status int, err error) {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = environ
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	// The kernel sends the death signal when the thread that started the program ends, not the
	// process.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	endWithParent(cmd)
	passed := catch(hasTerminal())
	defer passed.stop()
	if err := cmd.Start(); err != nil {
		if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
			return StatusNotFound, err
		}
		return StatusNotExecutable, err
	}
	ended := make(chan struct{})
	passing := make(chan struct{})
	go func() {
		defer close(passing)
		passed.passOn(cmd.Process, ended)
	}()
	status = wait(cmd)
	close(ended)
	<-passing
	return status, nil
}

// Environ returns environ with its values replaced by those of set, and without those that drop
// names. It also returns the names that were dropped or replaced, sorted.
func Environ(environ []string, set map[string]string, drop func(name string) bool) (result, gone []string) {
	for _, pair := range environ {
		name, _, _ := strings.Cut(pair, "=")
		if _, replaced := set[name]; replaced || drop(name) {
			gone = append(gone, name)
			continue
		}
		result = append(result, pair)
	}
	for name, value := range set {
		result = append(result, name+"="+value)
	}
	slices.Sort(gone)
	return result, slices.Compact(gone)
}
