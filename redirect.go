package aztoken

import (
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// secure says that a token sent to u cannot be read on its way.
func (t *Transport) secure(u *url.URL) bool {
	switch u.Scheme {
	case "https":
		return true
	case "http":
		return t.AllowHTTP || loopback(u.Hostname())
	}
	return false
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// mayFollow says whether the token may go where redirects have led: req is either what the caller addressed, or every
// step to it stayed with the first host or with hosts, and none went from https to http. One foreign step is
// enough for no: a host that may not have the token must not direct where it is used either.
//
// A client sets Request.Response on requests that follow a redirect, so the steps are known.
func mayFollow(req *http.Request, hosts []string) bool {
	if req.Response == nil {
		return true
	}
	var steps []*url.URL
	for step := req; ; step = step.Response.Request {
		if step == nil { // somebody cut the history: nothing is known of the first host
			return false
		}
		steps = append(steps, step.URL)
		if step.Response == nil {
			break
		}
	}
	first := steps[len(steps)-1]
	for i, u := range steps[:len(steps)-1] {
		if u.Scheme != "https" && steps[i+1].Scheme == "https" {
			return false
		}
		if !sameHost(u, first) && !slices.ContainsFunc(hosts, func(h string) bool { return sameHost(u, &url.URL{Scheme: u.Scheme, Host: h}) }) {
			return false
		}
	}
	return true
}

func sameHost(a, b *url.URL) bool {
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
