package wire

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

const (
	// maxBody is far above any reply with a token (a token is 2 KiB, with hundreds of roles 20) and
	// small enough to be harmless.
	maxBody = 1 << 20
	// idleTimeout keeps a connection for a burst of resources, not for the hours until the next
	// refresh.
	idleTimeout = 10 * time.Second
)

var (
	errBodyTooLarge = errors.New("the reply is larger than 1 MiB")
	errRedirected   = errors.New("the HTTP client followed a redirect; give one that does not")
	errNoResponse   = errors.New("the HTTP client gave neither a response nor an error")
)

// transport is the bottom of the pipeline: no redirect, no cookie, no body above maxBody, and no
// proxy on the way to an endpoint of this machine. Otherwise anything between a machine and its
// identity endpoint could take its tokens.
type transport struct {
	next      policy.Transporter
	closeIdle func()
	reach     Reach
}

// NewTransport returns the bottom of a caller's pipeline; closeIdle drops the idle connections that
// it made itself.
func NewTransport(given policy.Transporter, reach Reach) (t policy.Transporter, closeIdle func(), err error) {
	locked, err := newTransport(given, reach)
	if err != nil {
		return nil, nil, err
	}
	return locked, locked.closeIdle, nil
}

// newTransport locks down the caller's Transport; nil means a new client.
func newTransport(given policy.Transporter, reach Reach) (*transport, error) {
	t := &transport{next: given, closeIdle: func() {}, reach: reach}
	hc, ok := given.(*http.Client)
	if given != nil && !ok {
		return t, reach.mayUse(nil)
	}
	locked := &http.Client{}
	if hc != nil {
		*locked = *hc
	}
	locked.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	locked.Jar = nil
	t.next = locked
	var own *http.Transport
	switch base := locked.Transport.(type) {
	case nil:
		own = reach.newHTTPTransport()
	case *http.Transport:
		own = base.Clone()
		if base == http.DefaultTransport || !dials(base) {
			own.DialContext = reach.newDialer().dial
		}
		if reach.Place != Internet {
			own.Proxy = nil
		}
	}
	if err := reach.mayUse(own); err != nil || own == nil {
		return t, err
	}
	reach.pin(own)
	reach.trust(own)
	own.DialContext, own.DialTLSContext = watched(own.DialContext), watched(own.DialTLSContext)
	locked.Transport, t.closeIdle = own, own.CloseIdleConnections
	return t, nil
}

func (r Reach) newHTTPTransport() *http.Transport {
	t := &http.Transport{
		// A proxy would see the token, and cannot reach a link-local address.
		Proxy:                  nil,
		DialContext:            r.newDialer().dial,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    laterDial,
		MaxIdleConnsPerHost:    4,
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: 64 << 10,
	}
	if r.Place == Internet {
		t.Proxy = http.ProxyFromEnvironment // many clusters have no other way out
	}
	return t
}

// newDialer returns the dialer for an endpoint. Only an endpoint of this machine is so near that a
// short silence means absence.
func (r Reach) newDialer() *dialer {
	d := &dialer{connect: new(net.Dialer).DialContext}
	d.dialed.Store(r.Place != Machine)
	return d
}

// dials reports whether the caller gave t its own way to connect, whose time limits are then the
// caller's too.
func dials(t *http.Transport) bool {
	//lint:ignore SA1019 where somebody still sets it, net/http uses it
	return t.DialContext != nil || t.Dial != nil
}

// Do implements [policy.Transporter].
func (t *transport) Do(req *http.Request) (*http.Response, error) {
	if t.reach.Roots.reload() {
		t.closeIdle() // they were made with an authority that may be gone
	}
	resp, err := t.next.Do(req)
	if err != nil {
		// The next try gets a new connection: a dead one can look idle for minutes.
		t.closeIdle()
		return nil, err
	}
	if resp == nil || resp.Body == nil {
		return nil, errNoResponse
	}
	// An http.Client sets this when it follows a redirect.
	if resp.Request != nil && resp.Request.Response != nil {
		_ = resp.Body.Close()
		return nil, errRedirected
	}
	resp.Body = &boundedBody{body: resp.Body, left: maxBody}
	return resp, nil
}

// boundedBody fails where http.MaxBytesReader would need a ResponseWriter and io.LimitReader would
// pass a cut-off body for a whole one.
type boundedBody struct {
	body io.ReadCloser
	left int
}

func (b *boundedBody) Read(p []byte) (int, error) {
	// Ask for one byte more than allowed: only that distinguishes a body of exactly the limit from
	// a longer one.
	if len(p) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.body.Read(p)
	if n > b.left {
		return b.left, errBodyTooLarge
	}
	b.left -= n
	return n, err
}

func (b *boundedBody) Close() error { return b.body.Close() }
