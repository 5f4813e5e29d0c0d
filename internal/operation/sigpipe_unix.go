//go:build unix

package operation

import (
	"os"
	"os/signal"
	"syscall"
)

// SurviveSIGPIPE keeps the process alive when the reader of its log exits, until stop. It does not
// ignore the signal, which programs that it starts would inherit.
func SurviveSIGPIPE() (stop func()) {
	unread := make(chan os.Signal, 1)
	signal.Notify(unread, syscall.SIGPIPE)
	return func() { signal.Stop(unread) }
}
