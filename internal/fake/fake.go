// Package fake runs the fake Azure as a program: a file and flags describe the machine, and a
// control address switches faults.
package fake

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/seed-ac726066/aztoken/internal/fakeazure"
	"github.com/seed-ac726066/aztoken/internal/fakegraph"
	"github.com/seed-ac726066/aztoken/internal/neterr"
)

// Options are the addresses of a fake, and what it plays.
type Options struct {
	Machine fakeazure.Options

	// Graph adds a fake Microsoft Graph at the address of the identity endpoint. Its directory has
	// the machine's identities.
	Graph bool
	// OnGraphRequest is called with each request to it: see fakegraph.Options.
	OnGraphRequest func(fakegraph.Request)

	// Listen is the address of the identity endpoint, host:port. Port 0 is a free one.
	Listen string
	// ListenTLS is the address of the https endpoint, which Service Fabric, workload identity,
	// identity bindings and applications need. "" is none.
	ListenTLS string
	// Control is the address at which faults are switched. "" is none.
	Control string
	// Hostname is the name or address at which programs reach the fake. "" is that of the listener,
	// or localhost if it has none.
	Hostname string
	// ErrorLog logs connections that fail, for example because a client does not trust the
	// certificate. Nil is that of package log.
	ErrorLog *log.Logger
}

// Fake is a fake that listens. Call Serve, or else Close.
type Fake struct {
	Machine *fakeazure.Server
	// Graph is the fake Microsoft Graph, at URL; nil is none.
	Graph *fakegraph.Server
	// URL and SecureURL are the addresses of the endpoint, ControlURL is the control address. "" is
	// none.
	URL, SecureURL, ControlURL string

	errorLog *log.Logger
	serving  []serving
}

// serving is a listener and what answers there.
type serving struct {
	listener net.Listener
	server   *http.Server
}

const (
	// maxHeaderTime keeps silent connections from piling up.
	maxHeaderTime = 10 * time.Second
	// grace is how long current requests may take once the fake stops: longer than any answer
	// without a fault, and shorter than the ten seconds after which Docker kills a container.
	grace = 5 * time.Second
)

// Listen opens the addresses. Its error names the one that cannot be opened, and what to do.
func Listen(o Options) (_ *Fake, err error) {
	if o.Hostname != "" {
		o.Machine.CertificateNames = append(o.Machine.CertificateNames, o.Hostname)
	}
	machine, err := fakeazure.New(o.Machine)
	if err != nil {
		return nil, fmt.Errorf("aztoken: %w", err)
	}
	f := &Fake{Machine: machine, errorLog: o.ErrorLog}
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	endpoint := http.Handler(f.Machine)
	if o.Graph {
		f.Graph = newDirectory(f.Machine, o.OnGraphRequest)
		endpoint = beside(f.Graph, f.Machine)
	}
	if f.URL, err = f.listen(o.Listen, o.Hostname, nil, endpoint); err != nil {
		return nil, err
	}
	if o.ListenTLS != "" {
		if f.SecureURL, err = f.listen(o.ListenTLS, o.Hostname, f.Machine.TLSConfig(), f.Machine); err != nil {
			return nil, err
		}
	}
	if o.Control != "" {
		if f.ControlURL, err = f.listen(o.Control, "", nil, control(f.Machine)); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// listen opens an address and returns its URL.
func (f *Fake) listen(address, hostname string, secure *tls.Config, handler http.Handler) (string, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return "", unusable(address, err)
	}
	scheme := "http"
	if secure != nil {
		scheme, listener = "https", tls.NewListener(listener, secure)
	}
	f.serving = append(f.serving, serving{listener, &http.Server{
		Handler: handler, ReadHeaderTimeout: maxHeaderTime, ErrorLog: f.errorLog, MaxHeaderBytes: 64 << 10,
	}})
	return baseURL(scheme, listener.Addr().String(), hostname), nil
}

// baseURL returns the URL at which programs reach a listener on one address of the machine, or on
// all of them.
func baseURL(scheme, address, hostname string) string {
	host, port, _ := net.SplitHostPort(address)
	if net.ParseIP(host).IsUnspecified() {
		host = "localhost"
	}
	url := scheme + "://" + net.JoinHostPort(cmp.Or(hostname, host), port)
	for _, implied := range []string{"http:80", "https:443"} {
		if scheme+":"+port == implied {
			return strings.TrimSuffix(url, ":"+port)
		}
	}
	return url
}

// Serve answers until ctx ends, and then lets current requests finish. Those that a fault keeps
// hanging end at once.
func (f *Fake) Serve(ctx context.Context) error {
	defer f.Close()
	group, ctx := errgroup.WithContext(ctx)
	for _, s := range f.serving {
		group.Go(func() error {
			if err := s.server.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
				return fmt.Errorf("aztoken: the fake at %s: %w", s.listener.Addr(), err)
			}
			return nil
		})
	}
	group.Go(func() error {
		<-ctx.Done()
		f.shutDown()
		return nil
	})
	return group.Wait()
}

// shutDown ends the servers, and their connections that do not end by themselves.
func (f *Fake) shutDown() {
	f.Machine.Close()
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	for _, s := range f.serving {
		if s.server.Shutdown(ctx) != nil {
			_ = s.server.Close()
		}
	}
}

// Close frees the addresses and removes the files, as Serve does at its end.
func (f *Fake) Close() {
	f.Machine.Close()
	for _, s := range f.serving {
		_ = s.listener.Close()
	}
}

// unusable returns err with what to do about the address.
func unusable(address string, err error) error {
	fix := "use another address, host:port"
	switch {
	case errors.Is(err, os.ErrPermission):
		fix = "ports below 1024 are reserved for root; use another, or allow it (on Linux with setcap cap_net_bind_service=+ep)"
	case neterr.InUse(err):
		fix = "another program listens there; stop it, or use another port"
	case neterr.NoAddress(err):
		fix = "this machine does not have the address; add it (on Linux with ip addr add 169.254.169.254/32 dev lo), or use another"
	}
	return fmt.Errorf("aztoken: cannot listen at %q: %w; %s", address, err, fix)
}
