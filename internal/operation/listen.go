package operation

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/seed-ac726066/aztoken/internal/neterr"
)

// Listen opens addresses, each host:port or unix:/path, with mode for the sockets. If one address
// cannot be opened but another can, warn gets the error: an address family may be disabled. If none
// can be opened, Listen returns the error.
func Listen(addresses []string, mode fs.FileMode, warn func(error)) ([]net.Listener, error) {
	var (
		open   []net.Listener
		failed []error
	)
	for _, address := range addresses {
		l, err := listen(address, mode)
		if err != nil {
			failed = append(failed, fmt.Errorf("aztoken: cannot listen at %s: %w; %s", address, err, advice(err)))
			continue
		}
		open = append(open, l)
	}
	if len(open) == 0 {
		return nil, errors.Join(failed...)
	}
	for _, err := range failed {
		warn(err)
	}
	return open, nil
}

func listen(address string, mode fs.FileMode) (net.Listener, error) {
	path, isSocket := strings.CutPrefix(address, "unix:")
	if !isSocket {
		return net.Listen("tcp", address)
	}
	if err := removeStale(path); err != nil {
		return nil, err
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, mode); err != nil {
		_ = l.Close()
		return nil, err
	}
	return l, nil
}

// removeStale removes the socket that a killed server left behind, at which nobody answers.
func removeStale(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() != fs.ModeSocket:
		return errors.New("there is a file that is not a socket")
	}
	conn, err := net.DialTimeout("unix", path, time.Second)
	if err == nil {
		_ = conn.Close()
		return syscall.EADDRINUSE
	}
	if !neterr.Refused(err) {
		return err // it may be in use
	}
	return os.Remove(path)
}

func advice(err error) string {
	switch {
	case errors.Is(err, os.ErrPermission):
		return "ports below 1024 and other users' directories are for root; give another address"
	case neterr.InUse(err):
		return "something listens there already; end it, or give another address"
	case neterr.NoAddress(err):
		return "this machine has no such address; give one that it has"
	}
	return "give host:port, or unix:/path in a directory that is there"
}
