package aztoken

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"time"

	"github.com/seed-ac726066/aztoken/internal/challenge"
	"github.com/seed-ac726066/aztoken/internal/guard"
	"github.com/seed-ac726066/aztoken/internal/hosts"
	"github.com/seed-ac726066/aztoken/internal/origin"
)

// Transport is an [http.RoundTripper] that sends the token for Resource with each request.
// [Client.Wrap] makes one; use Transport itself for its other fields.
//
// A token goes only over https (to loopback addresses also over http, but through no proxy), and
// only to the host that the caller addressed: after a redirect to another host or from https to
// http, requests have no token. A request that already has an Authorization header is sent
// unchanged, so a reverse proxy that authenticates as itself must delete the header of its
// visitors. A URL with user information counts as such a header, because net/http turns it into
// one.
//
// A service that answers 401 has rejected the token: the client looks for another (see
// [Client.Invalidate]), and if there is one and the body can be sent again, the request is repeated
// once.
type Transport struct {
	// Client is where the tokens come from. It must be set.
	Client *Client
	// Resource is the App ID URI of the service. It must be set.
	Resource string
	// Base sends the requests. Nil is http.DefaultTransport.
	Base http.RoundTripper
	// RedirectHosts are further hosts that a redirect may take the token to, as "host" (the
	// scheme's own port) or "host:port". Empty is none. The host that the caller addresses needs no
	// entry, and RedirectHosts does not limit it.
	RedirectHosts []string
	// InsecureAllowHTTP lets the token go over http to any host and through any proxy, for a
	// network that encrypts on a lower layer. Anyone who reads the request can use the token for
	// the rest of its life.
	InsecureAllowHTTP bool
}

var (
	errNoTransport = errors.New("aztoken: the Transport is nil; make one with Client.Wrap")
	errNoClient    = errors.New("aztoken: Transport.Client is nil; set it, or use Client.Wrap")
	errNoURL       = errors.New("aztoken: the request has no URL; make it with http.NewRequest")
	errPlainHTTP   = errors.New("aztoken: a token is not sent over http; use https, or set Transport.InsecureAllowHTTP")
	errPlainProxy  = errors.New("aztoken: a token for http on this machine is not sent through a proxy; " +
		"let Base's Proxy return nil for loopback addresses, or set Transport.InsecureAllowHTTP")
)

// RoundTrip implements [http.RoundTripper].
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	allowed, err := t.allowsToken(req)
	if err == nil && !allowed {
		return t.base().RoundTrip(req)
	}
	var token *cachedToken
	if err == nil {
		token, err = t.Client.cache.get(req.Context(), t.Resource)
	}
	if err != nil {
		// "RoundTrip must always close the body, including on errors."
		if req != nil && req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, err
	}
	resp, err := t.send(req, req.Body, token)
	if err != nil || resp == nil || resp.StatusCode != http.StatusUnauthorized {
		return resp, err
	}
	return t.unauthorized(req, resp, token)
}

// CloseIdleConnections lets [http.Client.CloseIdleConnections] reach Base.
func (t *Transport) CloseIdleConnections() {
	if c, ok := t.base().(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

func (t *Transport) request() request { return request{resource: hosts.TrimScope(t.Resource)} }

func (t *Transport) base() http.RoundTripper {
	if t == nil || t.Base == nil {
		return http.DefaultTransport
	}
	return t.Base
}

// send sends a copy of req with body and the token: "RoundTrip should not modify the request". The
// header's value is shared by all requests, as a Base may not modify what it is given either.
func (t *Transport) send(req *http.Request, body io.ReadCloser, token *cachedToken) (*http.Response, error) {
	sent := *req
	sent.Body = body
	sent.Header = make(http.Header, len(req.Header)+1)
	maps.Copy(sent.Header, req.Header)
	sent.Header["Authorization"] = token.token.secret.Reveal().header
	resp, err := t.base().RoundTrip(&sent)
	if resp != nil {
		// A log of resp.Request must not have the token, and the next redirect finds its history.
		resp.Request = req
	}
	return resp, err
}

// unauthorized repeats a request whose token was rejected if that may help, and else returns the
// answer it got.
func (t *Transport) unauthorized(req *http.Request, resp *http.Response, token *cachedToken) (*http.Response, error) {
	rejection := challenge.Read(resp.Header["Www-Authenticate"])
	if !rejection.WantsNewToken {
		return resp, nil
	}
	body := req.Body
	hasBody := body != nil && body != http.NoBody
	if hasBody && req.GetBody == nil {
		// This is for the next request, because this one cannot be repeated.
		t.Client.cache.reject(t.request(), token, rejection.Claims)
		return resp, nil
	}
	other := t.Client.cache.replace(req.Context(), t.request(), token, rejection.Claims)
	if other == nil {
		return resp, nil
	}
	if hasBody {
		var err error
		if body, err = req.GetBody(); err != nil {
			return resp, nil
		}
	}
	t.discard(resp.Body)
	return t.send(req, body, other)
}

const (
	// maxDiscard is what is read of a 401's body, so that its connection can be used again. A
	// longer body costs a connection, which is cheaper than reading it.
	maxDiscard = 4 << 10
	// discardTimeout bounds that: a service that does not end its 401 must not delay the next try.
	discardTimeout = 50 * time.Millisecond
)

// discard reads what has arrived of body, which is Base's, and closes it.
func (t *Transport) discard(body io.ReadCloser) {
	if body == nil {
		return
	}
	read := make(chan struct{})
	if !t.Client.life().Go(func() {
		defer close(read)
		_ = guard.Run(func() { _, _ = io.CopyN(io.Discard, body, maxDiscard+1) })
	}) {
		close(read)
	}
	timer := time.NewTimer(discardTimeout)
	defer timer.Stop()
	select {
	case <-read:
	case <-timer.C:
	}
	_ = body.Close()
}

// allowsToken reports whether req may carry the token. The error is for a request that the caller
// should not have made.
func (t *Transport) allowsToken(req *http.Request) (bool, error) {
	switch {
	case t == nil:
		return false, errNoTransport
	case req == nil || req.URL == nil:
		return false, errNoURL
	case t.Client == nil:
		return false, errNoClient
	case len(req.Header["Authorization"]) > 0:
		return false, nil
	}
	if err := t.exposes(req); err != nil {
		if req.Response != nil {
			return false, nil // the target of a redirect: the caller did not ask for that
		}
		return false, err
	}
	return origin.MayFollow(req, t.RedirectHosts), nil
}

// exposes returns why a token that is sent with req could be read on its way, nil if it cannot.
func (t *Transport) exposes(req *http.Request) error {
	switch {
	case req.URL.Scheme == "https":
		return nil
	case req.URL.Scheme == "http" && t.InsecureAllowHTTP:
		return nil
	case req.URL.Scheme == "http" && origin.Loopback(req.URL.Hostname()):
		return t.proxies(req)
	}
	return fmt.Errorf("%w (the request is to %s://%s)", errPlainHTTP, req.URL.Scheme, req.URL.Host)
}

// proxies returns an error if Base sends req, which is for this machine, to a proxy. It cannot know
// this for a Base that is not an *http.Transport.
func (t *Transport) proxies(req *http.Request) error {
	base, ok := t.base().(*http.Transport)
	if !ok || base.Proxy == nil {
		return nil
	}
	if proxy, err := base.Proxy(req); err != nil || proxy != nil {
		return errPlainProxy
	}
	return nil
}

// PerRPCCredentials put a token on every call of a gRPC connection. They have the methods of gRPC's
// credentials.PerRPCCredentials and so serve as the argument of grpc.WithPerRPCCredentials.
type PerRPCCredentials struct {
	client   *Client
	resource string
}

// GetRequestMetadata returns the authorization metadata of one call; gRPC calls it.
func (p PerRPCCredentials) GetRequestMetadata(ctx context.Context, _ ...string) (map[string]string, error) {
	t, err := p.client.Token(ctx, p.resource)
	if err != nil {
		return nil, err
	}
	return map[string]string{"authorization": "Bearer " + t.Value()}, nil
}

// RequireTransportSecurity returns true: gRPC refuses to send the token without TLS.
func (PerRPCCredentials) RequireTransportSecurity() bool { return true }

// Format writes the resource, for every verb.
func (p PerRPCCredentials) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "aztoken.PerRPCCredentials(%s)", p.resource)
}
