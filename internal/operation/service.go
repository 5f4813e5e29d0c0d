package operation

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

// Service serves until it is told to end, and can reload its configuration.
type Service struct {
	// Servings are what is served. [Service.Run] closes their listeners.
	Servings []Serving
	// Drain is how long the service keeps serving after it was told to end, so that a load balancer
	// notices /readyz.
	Drain time.Duration
	// Reloads is nil if the service does not handle SIGHUP.
	Reloads *Reloads
	// Notify tells systemd how the service is doing. Its zero value does nothing.
	Notify Notifier
	Logger *slog.Logger
	// MaxHeader bounds the header of a request, in bytes. 0: 16 KiB, far more than a token request
	// needs.
	MaxHeader int
	// MaxConnections bounds the connections of all listeners except those of Pages. 0: 1024, or
	// fewer if the process may not open so many.
	MaxConnections int
	// IgnoreSignals is for a service that runs as long as another program, which gets the signals.
	IgnoreSignals bool

	draining atomic.Bool
}

// Serving is a listener and what answers there.
type Serving struct {
	Listener net.Listener
	Handler  http.Handler
	// Pages is set if only [Pages] are served. They have a separate limit for connections, so that
	// a flood of other connections does not make the service look dead.
	Pages bool
}

const (
	// requestTime keeps silent connections from piling up.
	requestTime = 5 * time.Second
	// answerTime is longer than any answer takes, and ends an answer that a client does not read.
	answerTime = 30 * time.Second
	// idleTime is longer than the pools of clients and proxies keep a connection, so that they
	// close it first: a request on a connection that the server has just closed fails.
	idleTime  = 180 * time.Second
	maxHeader = 16 << 10
	// grace is how long requests that are under way at the end may take. Supervisors wait at least
	// ten seconds.
	grace = 3 * time.Second
	// repeat is the time within which two signals count as one: a terminal sends it, and a wrapper
	// passes it on.
	repeat = 500 * time.Millisecond
)

// Draining reports whether the service was told to end. /readyz answers 503 from then on.
func (s *Service) Draining() bool { return s.draining.Load() }

// Run serves until ctx ends, or a signal to end comes. A second signal ends it at once.
func (s *Service) Run(ctx context.Context) error {
	ends := make(chan os.Signal, 4)
	if !s.IgnoreSignals {
		signal.Notify(ends, os.Interrupt, syscall.SIGTERM)
		defer signal.Stop(ends)
	}

	shared := make(slots, cmp.Or(s.MaxConnections, connectionLimit(fileLimit())))
	group, failed := errgroup.WithContext(ctx)
	var servers []*http.Server
	for _, v := range s.Servings {
		slots := shared
		if v.Pages {
			slots = make(chan struct{}, pageConnections)
		}
		server := &http.Server{
			Handler: s.sparing(v.Handler, slots), ReadTimeout: requestTime, WriteTimeout: answerTime, IdleTimeout: idleTime,
			MaxHeaderBytes: cmp.Or(s.MaxHeader, maxHeader), DisableGeneralOptionsHandler: true,
			ErrorLog: log.New(io.Discard, "", 0), // broken connections are not worth a line
		}
		servers = append(servers, server)
		group.Go(func() error {
			if err := server.Serve(slots.listener(v.Listener)); !errors.Is(err, http.ErrServerClosed) {
				return fmt.Errorf("aztoken: serving at %s: %w", v.Listener.Addr(), err)
			}
			return nil
		})
	}
	group.Go(func() error {
		s.live(failed, ends)
		s.end(ends, servers)
		return nil
	})
	return group.Wait()
}

// sparing wraps next so that no connection stays open for a further request while the slots are
// crowded, because idle ones would keep others out for minutes, or while the service drains,
// because a request on a connection that is closed at the end fails.
func (s *Service) sparing(next http.Handler, slots slots) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.Draining() || slots.crowded() {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

// live returns when the service is to end.
func (s *Service) live(ctx context.Context, ends <-chan os.Signal) {
	s.Notify.Ready()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ends:
			return
		case <-s.Reloads.asked():
			if s.reload(ctx, ends) {
				return
			}
		}
	}
}

// reload reads the configuration again. It reports whether the service must end in the meantime: a
// load may wait for the network.
func (s *Service) reload(ctx context.Context, ends <-chan os.Signal) (end bool) {
	s.Notify.Reloading()
	defer s.Notify.Ready() // also after a bad file, else systemctl reload hangs
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Reloads.reload(ctx, s.Logger)
	}()
	select {
	case <-done:
		return false
	case <-ends:
	case <-ctx.Done():
	}
	cancel()
	<-done
	return true
}

// end keeps serving for the drain time, and then lets requests that are under way finish.
func (s *Service) end(ends <-chan os.Signal, servers []*http.Server) {
	s.draining.Store(true)
	s.Notify.Stopping()
	hurry, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan struct{})
	defer close(done)
	go func() { // ends with this call
		first := time.Now()
		for {
			select {
			case <-ends:
				if time.Since(first) > repeat {
					cancel()
				}
			case <-done:
				return
			}
		}
	}()
	if s.Drain > 0 {
		select {
		case <-time.After(s.Drain):
		case <-hurry.Done():
		}
	}
	finish, stop := context.WithTimeout(hurry, grace)
	defer stop()
	var all errgroup.Group
	for _, server := range servers {
		all.Go(func() error {
			if server.Shutdown(finish) != nil {
				return server.Close()
			}
			return nil
		})
	}
	_ = all.Wait()
}
