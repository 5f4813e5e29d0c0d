package main

import (
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-ac726066/aztoken/internal/operation"
)

// serviceFlags are those of the commands that serve until they are told to end.
type serviceFlags struct {
	drain time.Duration
	mode  string
}

func (s *serviceFlags) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.DurationVar(&s.drain, "drain", 0, "how long requests are served on after SIGTERM, while /readyz answers 503")
	f.StringVar(&s.mode, "socket-mode", "0660", "the permissions of a Unix socket")
}

// check returns the permissions of sockets, or what is wrong with the flags.
func (s *serviceFlags) check() (fs.FileMode, error) {
	mode, err := strconv.ParseUint(s.mode, 8, 32)
	if err != nil || mode > 0o777 {
		return 0, usage("aztoken: --socket-mode is %q; give an octal mode such as 0660", s.mode)
	}
	if s.drain < 0 {
		return 0, usage("aztoken: --drain is %v; give a time, or leave it out", s.drain)
	}
	return fs.FileMode(mode), nil
}

// service returns a service that sends notifications to systemd's socket.
func (s *serviceFlags) service(logger *slog.Logger) *operation.Service {
	return &operation.Service{Drain: s.drain, Logger: logger, Notify: operation.Notifier{Socket: os.Getenv("NOTIFY_SOCKET")}}
}

// gcPercent lets the heap of a few MiB grow to about ten MiB before a collection: with Go's default
// a busy service collects a hundred times a second, which costs a third of its processor time.
const gcPercent = 800

// beginService sets the process up to serve for long, until end.
func beginService() (end func()) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	return operation.SurviveSIGPIPE()
}

// serviceLogger returns the logger of a service, in the format of --output.
func (p *printer) serviceLogger(cmd *cobra.Command) *slog.Logger {
	if p.json() {
		return slog.New(slog.NewJSONHandler(cmd.ErrOrStderr(), nil))
	}
	return slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil))
}

// withPages adds pages to a service: at a separate address, whose listener it returns, or, if that
// is "", before next.
func withPages(service *operation.Service, pages operation.Pages, address string, mode fs.FileMode, next http.Handler) (http.Handler, []net.Listener, error) {
	if address == "" {
		return operation.WithPages(pages, next), nil, nil
	}
	own, err := operation.Listen([]string{address}, mode, nil)
	if err != nil {
		return nil, nil, err
	}
	service.Servings = append(service.Servings, operation.Serving{Listener: own[0], Handler: pages, Pages: true})
	return next, own, nil
}

// serveAt adds listeners to a service, all of which handler answers.
func serveAt(service *operation.Service, listeners []net.Listener, handler http.Handler) {
	for _, l := range listeners {
		service.Servings = append(service.Servings, operation.Serving{Listener: l, Handler: handler})
	}
}

// fixed is a setting that only a start can change.
type fixed struct {
	name string
	same bool // it has not changed
}

// needRestart returns an error for the first setting that has changed and must not.
func needRestart(settings ...fixed) error {
	for _, f := range settings {
		if !f.same {
			return fmt.Errorf("aztoken: %s has changed; restart the service, or put it back", f.name)
		}
	}
	return nil
}

func addresses(listeners []net.Listener) []string {
	var all []string
	for _, l := range listeners {
		all = append(all, l.Addr().String())
	}
	return all
}

func closeAll(listeners []net.Listener) {
	for _, l := range listeners {
		_ = l.Close()
	}
}
