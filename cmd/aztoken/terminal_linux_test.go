package main_test

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/graph/graphtest"
)

// terminal returns a pseudoterminal: the side of the person, and that of the program.
func terminal(t *testing.T) (person, program *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("there are no pseudoterminals here: ", err)
	}
	t.Cleanup(func() { _ = person.Close() })
	number, locked := uint32(0), int32(0)
	for request, value := range map[uintptr]unsafe.Pointer{
		syscall.TIOCGPTN: unsafe.Pointer(&number), syscall.TIOCSPTLCK: unsafe.Pointer(&locked),
	} {
		_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, person.Fd(), request, uintptr(value))
		require.Zero(t, errno)
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = program.Close() })
	return person, program
}

func TestGrantConfirm(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer    string
		interrupt bool
		status    int
		want      string
	}{
		"yes":    {answer: "Yes\n", want: "done"},
		"y":      {answer: "y\n", want: "done"},
		"no":     {answer: "n\n", status: 1, want: "the answer was not yes"},
		"enter":  {answer: "\n", status: 1, want: "the answer was not yes"},
		"words":  {answer: "yes please\n", status: 1, want: "the answer was not yes"},
		"ctrl-d": {answer: "\x04", status: 1, want: "there was no answer; add --yes"},
		"ctrl-c": {interrupt: true, status: 1, want: "nothing was changed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newTenant(t, nil)
			d.Delay(graphtest.Lags{Applications: graphtest.Lag{Requests: 1}})
			person, program := terminal(t)
			i := d.signedIn()
			i.env = append(i.env, "AZURE_SDK_GO_LOGGING=")
			cmd := i.command(t, with(plainGrant, "--endpoint", d.URL)...)
			cmd.Stdin, cmd.Stdout, cmd.Stderr = program, program, program
			require.NoError(t, cmd.Start())
			require.NoError(t, program.Close())

			screen, asked := &watched{words: "[y/N]"}, make(chan struct{})
			screen.found = func() { close(asked) }
			var reading sync.WaitGroup
			// This copies until the program has closed its side.
			reading.Go(func() { _, _ = io.Copy(screen, person) })
			<-asked
			require.Empty(t, d.Writes(), "nothing before the answer")
			if c.interrupt {
				require.NoError(t, cmd.Process.Signal(os.Interrupt))
			} else {
				_, err := io.WriteString(person, c.answer)
				require.NoError(t, err)
			}
			_ = cmd.Wait()
			reading.Wait()
			require.Equal(t, c.status, cmd.ProcessState.ExitCode(), screen.text.String())
			require.Contains(t, screen.text.String(), c.want)
			require.NotContains(t, screen.text.String(), "eyJ")
			require.Equal(t, c.status == 0, len(d.Writes()) > 0)
			require.Equal(t, c.status == 0, strings.Contains(screen.text.String(), "\r\x1b[K… waiting for replication, 0s"), "one line, written over")
		})
	}
}

// watched is what is on a screen; found is called when words come to stand there for the first
// time.
type watched struct {
	text  strings.Builder
	words string
	found func()
}

func (w *watched) Write(p []byte) (int, error) {
	before := strings.Contains(w.text.String(), w.words)
	w.text.Write(p)
	if !before && strings.Contains(w.text.String(), w.words) {
		w.found()
	}
	return len(p), nil
}
