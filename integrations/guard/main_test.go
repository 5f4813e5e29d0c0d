package guard_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"go.uber.org/goleak"
)

// command is the path of the command under test.
var command string

func TestMain(m *testing.M) {
	if runtime.GOOS == "windows" {
		fmt.Println("skipped: the proxies and their signals are those of Unix")
		return
	}
	dir, err := os.MkdirTemp("", "aztoken-guard-")
	if err != nil {
		panic(err)
	}
	// Debian installs servers in a directory that is not on every user's PATH.
	_ = os.Setenv("PATH", os.Getenv("PATH")+":/usr/sbin:/sbin")
	command = filepath.Join(dir, "aztoken")
	build := exec.Command("go", "build", "-o", command, "./cmd/aztoken")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		panic(fmt.Sprintf("%v: %s", err, out))
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(dir)
		os.Exit(code)
	}))
}
