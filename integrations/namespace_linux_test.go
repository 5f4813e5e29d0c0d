package integrations_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// What the two processes of a test run tell each other, and the inner one itself, through the
// environment.
const (
	insideVariable  = "AZTOKEN_INTEGRATIONS_INSIDE"    // set: this is the inner process
	refusalVariable = "AZTOKEN_INTEGRATIONS_REFUSAL"   // why there is no inner process
	noMountVariable = "AZTOKEN_INTEGRATIONS_NO_VAROPT" // why /var/opt is the machine's own
)

// arcParent is the directory below which clients of Azure Arc look for keys, and nowhere else.
const arcParent = "/var/opt"

// ready is what the inner process says when its network stands. Anything else is the reason why it
// does not.
const ready = "ready"

// reports is the descriptor that the inner process says it on.
const reports = 3

// runInNamespace runs the test binary again in namespaces of its own and returns its exit code. ran
// is false in the inner process, and where namespaces are refused.
func runInNamespace() (code int, ran bool) {
	if os.Getenv(insideVariable) != "" {
		settleIn()
		return 0, false
	}
	flags := []uintptr{unix.CLONE_NEWUSER | unix.CLONE_NEWNET | unix.CLONE_NEWNS}
	if os.Getuid() == 0 {
		// Containers that run as root often have no user namespaces, and need none.
		flags = append(flags, unix.CLONE_NEWNET|unix.CLONE_NEWNS)
	}
	var refusals []error
	for _, f := range flags {
		code, err := runAgain(f)
		if err == nil {
			return code, true
		}
		refusals = append(refusals, err)
	}
	if err := os.Setenv(refusalVariable, errors.Join(refusals...).Error()); err != nil {
		panic(err)
	}
	return 0, false
}

// runAgain returns the exit code of the tests inside, or an error if no test was run.
func runAgain(flags uintptr) (code int, err error) {
	report, tell, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	defer report.Close()
	inner := exec.Command("/proc/self/exe", os.Args[1:]...)
	inner.Args[0] = os.Args[0]
	inner.Stdin, inner.Stdout, inner.Stderr = os.Stdin, os.Stdout, os.Stderr
	inner.ExtraFiles = []*os.File{tell}
	inner.Env = append(os.Environ(), insideVariable+"=1")
	inner.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags, Pdeathsig: syscall.SIGKILL}
	if flags&unix.CLONE_NEWUSER != 0 {
		inner.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		inner.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	runtime.LockOSThread() // the death signal comes when the thread ends that started the process
	defer runtime.UnlockOSThread()
	err = inner.Start()
	tell.Close()
	if err != nil {
		return 0, fmt.Errorf("namespaces are refused here: %w", err)
	}
	said, err := io.ReadAll(io.LimitReader(report, 4096))
	ended := inner.Wait()
	if err == nil && string(said) != ready {
		err = fmt.Errorf("the network inside the namespace does not stand: %s (%w)", said, ended)
	}
	return exitCode(inner.ProcessState), err
}

func exitCode(s *os.ProcessState) int {
	if status := s.Sys().(syscall.WaitStatus); status.Signaled() {
		fmt.Fprintln(os.Stderr, "the tests inside the namespace ended by the signal:", status.Signal())
		return 128 + int(status.Signal()) // as shells have it
	}
	return s.ExitCode()
}

// settleIn makes the machine that the tests find inside, and tells the outer process how that went.
func settleIn() {
	report := os.NewFile(reports, "report")
	if err := setUpLoopback(); err != nil {
		_, _ = io.WriteString(report, err.Error())
		os.Exit(1)
	}
	if err := coverVarOpt(); err != nil {
		if err := os.Setenv(noMountVariable, err.Error()); err != nil {
			panic(err)
		}
	}
	_, err := io.WriteString(report, ready)
	if err = errors.Join(err, report.Close()); err != nil {
		panic(err)
	}
}

// setUpLoopback gives lo its own addresses and that of IMDS.
func setUpLoopback() error {
	err := configure("lo", unix.SIOCSIFFLAGS, func(r *unix.Ifreq) error {
		r.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
		return nil
	})
	if err != nil {
		return fmt.Errorf("bringing lo up: %w", err)
	}
	if err := setAddress(imdsAddress); err != nil {
		return fmt.Errorf("adding %s to lo: %w", imdsAddress, err)
	}
	return nil
}

// setAddress gives lo one address beside its own, in place of the one before. 0.0.0.0 is none.
func setAddress(ip string) error {
	address := func(ip string) func(*unix.Ifreq) error {
		return func(r *unix.Ifreq) error { return r.SetInet4Addr(net.ParseIP(ip).To4()) }
	}
	if err := configure("lo:0", unix.SIOCSIFADDR, address(ip)); err != nil || ip == "0.0.0.0" {
		return err
	}
	// Without it lo has the whole class of the address, which is 169.254.0.0/16.
	return configure("lo:0", unix.SIOCSIFNETMASK, address("255.255.255.255"))
}

// configure does one ioctl on a network interface.
func configure(name string, request uint, set func(*unix.Ifreq) error) error {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(socket)
	r, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	if err := set(r); err != nil {
		return err
	}
	return unix.IoctlIfreq(socket, request, r)
}

// coverVarOpt puts an empty file system that only this process and its children see over /var/opt.
func coverVarOpt() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("making the mounts private: %w", err)
	}
	if err := unix.Mount("tmpfs", arcParent, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "size=1m,mode=0755"); err != nil {
		return fmt.Errorf("mounting a tmpfs on %s: %w", arcParent, err)
	}
	return nil
}

// needNamespace skips a test that is outside the namespace. No test may use the address of IMDS
// without it.
func needNamespace(t *testing.T) {
	t.Helper()
	if refusal := os.Getenv(refusalVariable); refusal != "" {
		t.Skip("needs a network namespace of its own: " + refusal)
	}
	requireAlone(t)
}

// needVarOpt skips a test for which the machine's own /var/opt would be used.
func needVarOpt(t *testing.T) {
	t.Helper()
	needNamespace(t)
	if refusal := os.Getenv(noMountVariable); refusal != "" {
		t.Skip("needs a file system of its own: " + refusal)
	}
}

// requireAlone fails if a packet to the address of IMDS could leave the machine, whatever the
// environment says.
func requireAlone(t *testing.T) {
	t.Helper()
	interfaces, err := net.Interfaces()
	require.NoError(t, err)
	found := false
	for _, i := range interfaces {
		if i.Flags&net.FlagUp == 0 {
			continue
		}
		require.NotZero(t, i.Flags&net.FlagLoopback, "a network other than loopback is here: %s", i.Name)
		addresses, err := i.Addrs()
		require.NoError(t, err)
		for _, a := range addresses {
			found = found || strings.HasPrefix(a.String(), imdsAddress+"/")
		}
	}
	require.True(t, found, "no interface has %s", imdsAddress)
}
