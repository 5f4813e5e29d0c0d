// Package origin decides where a secret in a request may go: pure functions of URLs.
package origin

import (
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Loopback reports whether data sent to host, a name or an address without a port, stays on this
// machine.
func Loopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// Same reports whether a and b go to the same host and port. Their schemes only decide the port if
// none is named.
func Same(a, b *url.URL) bool {
	return strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}

func port(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "http":
		return "80"
	}
	return "443"
}

// MayFollow reports whether a token may go where redirects have led: req is either what the caller
// addressed, or every step to it stayed with the first host or with redirectHosts, which are
// written as "host" (the scheme's own port) or "host:port". One foreign step is enough for a no: a
// host that may not have the token must not decide where it is used either.
//
// No step may go from https to http, nor from this machine to another one over http: the first
// request needed no encryption because it never left the machine, but the next one does. The caller
// decides whether the first request may carry a token.
//
// A client sets Request.Response on requests that follow a redirect, so the steps are known.
func MayFollow(req *http.Request, redirectHosts []string) bool {
	if req.Response == nil {
		return true
	}
	steps := steps(req)
	if steps == nil {
		return false
	}
	first := steps[0]
	for i, to := range steps[1:] {
		if weakens(steps[i], to) || !Same(to, first) && !named(to, redirectHosts) {
			return false
		}
	}
	return true
}

// steps returns where a client has been on its way to req, the first request first and req last. It
// returns nil if the history was cut, so that the first request is unknown.
func steps(req *http.Request) []*url.URL {
	all := []*url.URL{req.URL}
	for req.Response != nil {
		if req = req.Response.Request; req == nil || req.URL == nil {
			return nil
		}
		all = append(all, req.URL)
	}
	slices.Reverse(all)
	return all
}

// weakens reports whether a token that was safe on its way to from can be read on its way to to.
func weakens(from, to *url.URL) bool {
	switch {
	case to.Scheme == "https":
		return false
	case from.Scheme == "https":
		return true
	}
	return Loopback(from.Hostname()) && !Loopback(to.Hostname())
}

func named(u *url.URL, hosts []string) bool {
	return slices.ContainsFunc(hosts, func(h string) bool { return Same(u, &url.URL{Scheme: u.Scheme, Host: h}) })
}
