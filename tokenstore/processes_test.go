package tokenstore_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/tokenstore"
)

// childVariable names what the test binary does when a test starts it as another process.
const childVariable = "TOKENSTORE_TEST_CHILD"

// runChild does what a test wants of another process, in the directory that is the first argument.
func runChild(job string) int {
	path := os.Args[1]
	store, err := tokenstore.New(tokenstore.Dir(path))
	if err != nil {
		fmt.Println(err)
		return 1
	}
	ctx := context.Background()
	switch job {
	case "save": // an entry of its own, as soon as all of them are told to go
		_, _ = io.Copy(io.Discard, os.Stdin)
		entry := vault
		entry.Tenant = os.Args[2]
		if err := store.Save(ctx, entry, []byte(os.Args[2]), time.Now().Add(time.Hour)); err != nil {
			fmt.Println(err)
			return 1
		}
	case "lock": // until it is killed
		unlock, ok, err := store.Lock(ctx, vault, time.Hour)
		fmt.Println("locked", ok, err)
		_, _ = io.Copy(io.Discard, os.Stdin)
		if ok {
			unlock()
		}
	case "load":
		payloads, err := store.Load(ctx, vault)
		text := ""
		if err != nil {
			text = err.Error()
		}
		_ = json.NewEncoder(os.Stdout).Encode(loaded{len(payloads), errors.Is(err, tokenstore.ErrNotFound), text})
	}
	return 0
}

// loaded is what a child that loads prints.
type loaded struct {
	Payloads int
	NotFound bool
	Error    string
}

// child returns the command of another process that does job in path. It reads its standard input
// to the end.
func child(t *testing.T, job, path string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), self, append([]string{path}, args...)...)
	cmd.Env = append(os.Environ(), childVariable+"="+job)
	return cmd
}

func TestProcessesThatStartTogether(t *testing.T) {
	t.Parallel()
	const processes = 50
	t.Run("make one key, and each opens what the others saved", func(t *testing.T) {
		requireOneKey(t, t.TempDir(), processes)
	})
	t.Run("replace a key that is damaged by one", func(t *testing.T) {
		path := t.TempDir()
		store := newStore(t, tokenstore.Dir(path))
		require.NoError(t, store.Save(t.Context(), vault, []byte("lost"), time.Now().Add(time.Hour)))
		require.NoError(t, os.Truncate(ownKeyFile(t, path), 31))
		_, err := store.Load(t.Context(), vault)
		require.ErrorIs(t, err, tokenstore.ErrNotFound)
		requireOneKey(t, path, 10)
	})
}

// requireOneKey starts processes that save, and opens what they saved.
func requireOneKey(t *testing.T, path string, processes int) {
	t.Helper()
	var children []*exec.Cmd
	var start []io.Closer
	output := make([]strings.Builder, processes)
	for i := range processes {
		cmd := child(t, "save", path, fmt.Sprint(i))
		stdin, err := cmd.StdinPipe()
		require.NoError(t, err)
		cmd.Stdout = &output[i]
		require.NoError(t, cmd.Start())
		children, start = append(children, cmd), append(start, stdin)
	}
	for _, stdin := range start {
		require.NoError(t, stdin.Close())
	}
	for i, cmd := range children {
		require.NoError(t, cmd.Wait(), output[i].String())
	}
	store := newStore(t, tokenstore.Dir(path))
	for i := range processes {
		entry := vault
		entry.Tenant = fmt.Sprint(i)
		requirePayloads(t, store, entry, entry.Tenant)
	}
	found, err := store.Inspect(t.Context())
	require.NoError(t, err)
	for _, entry := range found.Entries {
		if entry.Err != nil {
			// The damaged key sealed this entry.
			require.ErrorContains(t, entry.Err, "a key that is not in the list")
		}
	}
}

func TestLocksOfProcesses(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	store := newStore(t, tokenstore.Dir(path))

	holder := child(t, "lock", path)
	stdin, err := holder.StdinPipe()
	require.NoError(t, err)
	stdout, err := holder.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, holder.Start())
	line := make([]byte, len("locked true <nil>\n"))
	_, err = io.ReadFull(stdout, line)
	require.NoError(t, err)
	require.Equal(t, "locked true <nil>\n", string(line))

	_, ok, err := store.Lock(t.Context(), vault, time.Minute)
	require.NoError(t, err)
	require.False(t, ok, "another process has it")

	require.NoError(t, holder.Process.Kill())
	require.Error(t, holder.Wait())
	_ = stdin.Close()
	unlock, ok, err := store.Lock(t.Context(), vault, time.Minute)
	require.NoError(t, err)
	require.True(t, ok, "a lock ends with its process")
	unlock()
}
