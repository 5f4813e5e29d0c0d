//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package filelock_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/tokenstore/internal/filelock"
)

// A child has the files of its parent open until it executes its program. This one keeps one.
func TestUnlockFreesAFileThatAChildHasOpen(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	file := open(t, path)
	require.True(t, tryLock(t, file))

	child := exec.CommandContext(t.Context(), "cat")
	child.ExtraFiles = []*os.File{file}
	stdin, err := child.StdinPipe()
	require.NoError(t, err)
	if err := child.Start(); err != nil {
		t.Skipf("there is no program to start: %v", err)
	}
	require.NoError(t, filelock.Unlock(file))
	require.NoError(t, file.Close())
	require.True(t, tryLock(t, open(t, path)))
	require.NoError(t, stdin.Close())
	require.NoError(t, child.Wait())
}
