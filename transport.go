package aztoken

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"

	"github.com/seed-ac726066/aztoken/internal/challenge"
	"github.com/seed-ac726066/aztoken/internal/hosts"
	"github.com/seed-ac726066/aztoken/internal/origin"
)

// Transport is an [http.RoundTripper] that sends the token for Resource with each request. [Client.Wrap] makes one; use
// Transport itself for its further fields.
//
// A token goes only over https (to loopback addresses also over http), and only to the host that the caller addressed:
// a redirect to another host or from https to http, and what follows it, is sent without. A request that has an
// Authorization header of its own is sent as it is.
//
// A service that answers 401 has refused the token: the client looks for another (see [Client.Invalidate]), and if there
// is one and the body can be sent again the request is repeated, once.
type Transport struct {
	// Client gives the tokens. It must be set.
	Client *Client
	// Resource is the App ID URI of the service. It must be set.
	Resource string
	// Base sends the requests. Nil is http.DefaultTransport.
	Base http.RoundTripper
	// Hosts are further hosts that a redirect may take the token to, as "host" (the scheme's own port) or
	// "host:port". Empty is none. The host that the caller addresses needs no entry, and Hosts does not limit it.
	Hosts []string
	// AllowHTTP lets the token go over http to any host, for a network that encrypts below. Whoever reads the
	// request can use the token for the rest of its life.
	AllowHTTP bool
}

var (
	errNoClient  = errors.New("aztoken: Transport.Client is nil; set it, or use Client.Wrap")
	errPlainHTTP = errors.New("aztoken: a token is not sent over http; use https, or set Transport.AllowHTTP")
)

// RoundTrip implements [http.RoundTripper].
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	carry, err := t.carries(req)
	if err == nil && !carry {
		return t.base().RoundTrip(req)
	}
	var h *held
	if err == nil {
		h, err = t.Client.token(req.Context(), request{resource: hosts.TrimScope(t.Resource)})
	}
	if err != nil {
		// "RoundTrip must always close the body, including on errors."
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, err
	}
	resp, err := t.send(req, req.Body, h)
	if err != nil || resp.StatusCode != http.StatusUnauthorized {
		return resp, err
	}
	return t.unauthorized(req, resp, h)
}

// CloseIdleConnections lets [http.Client.CloseIdleConnections] reach Base.
func (t *Transport) CloseIdleConnections() {
	if c, ok := t.base().(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

func (t *Transport) base() http.RoundTripper {
	if t.Base == nil {
		return http.DefaultTransport
	}
	return t.Base
}

// send sends a copy of req with body and the token: "RoundTrip should not modify the request". The header's value is
// shared by all requests, as a Base may not modify what it is given either.
func (t *Transport) send(req *http.Request, body io.ReadCloser, h *held) (*http.Response, error) {
	_, header := h.token.secret.reveal()
	sent := *req
	sent.Body = body
	sent.Header = make(http.Header, len(req.Header)+1)
	maps.Copy(sent.Header, req.Header)
	sent.Header["Authorization"] = header
	resp, err := t.base().RoundTrip(&sent)
	if resp != nil {
		resp.Request = req // who logs resp.Request must not log the token, and the next redirect finds its history
	}
	return resp, err
}

// unauthorized repeats a request whose token was refused if that may help, and else returns the answer it got.
func (t *Transport) unauthorized(req *http.Request, resp *http.Response, refused *held) (*http.Response, error) {
	rejection := challenge.Read(resp.Header["Www-Authenticate"])
	if !rejection.WantsNewToken {
		return resp, nil
	}
	r := request{resource: hosts.TrimScope(t.Resource)}
	if rejection.Claims != "" {
		r.demand = &demand{claims: rejection.Claims}
	}
	body := req.Body
	hasBody := body != nil && body != http.NoBody
	if hasBody && req.GetBody == nil {
		t.Client.beginReplacement(r, refused) // for the next request; this one cannot be repeated
		return resp, nil
	}
	next := t.Client.replace(req.Context(), r, refused)
	if next == nil {
		return resp, nil
	}
	if hasBody {
		var err error
		if body, err = req.GetBody(); err != nil {
			return resp, nil
		}
	}
	_ = resp.Body.Close() // unread: a service that does not end its 401 must not hold up the next try
	return t.send(req, body, next)
}

// carries says whether req may carry the token. The error is for a request that the caller should not have made.
func (t *Transport) carries(req *http.Request) (bool, error) {
	switch {
	case t.Client == nil:
		return false, errNoClient
	case len(req.Header["Authorization"]) > 0:
		return false, nil
	case req.Response == nil && !t.secure(req.URL):
		return false, fmt.Errorf("%w (the request is to %s://%s)", errPlainHTTP, req.URL.Scheme, req.URL.Host)
	}
	return t.secure(req.URL) && origin.MayFollow(req, t.Hosts), nil
}

// secure says that a token sent to u cannot be read on its way.
func (t *Transport) secure(u *url.URL) bool {
	switch u.Scheme {
	case "https":
		return true
	case "http":
		return t.AllowHTTP || origin.Loopback(u.Hostname())
	}
	return false
}
