package operation

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Gate stops requests that a web page sends. A page whose name leads to this machine by its own DNS
// server (DNS rebinding) may set any header and read the answer, so the request must name the
// server by exactly one of its own names.
type Gate struct {
	// Hostnames are names of the server in addition to its addresses and localhost.
	Hostnames func() []string
	// Refuse answers requests that are stopped; reason is for people.
	Refuse func(w http.ResponseWriter, r *http.Request, reason string)
	// Next answers the rest.
	Next http.Handler
}

// The reasons of a Gate.
const (
	reasonOrigin = "the request comes from a web page"
	reasonHost   = "the header Host is not a name of this server; --hostname adds one"
)

// ServeHTTP implements [http.Handler].
func (g Gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	switch {
	case isFromPage(r.Header):
		g.Refuse(w, r, reasonOrigin)
	case !isOwnHost(r.Host, local, g.Hostnames()):
		g.Refuse(w, r, reasonHost)
	default:
		g.Next.ServeHTTP(w, r)
	}
}

// isFromPage reports whether a browser sent a request for a page. An address that a person types
// has Sec-Fetch-Site none.
func isFromPage(h http.Header) bool {
	if len(h["Origin"]) > 0 {
		return true
	}
	return slices.ContainsFunc(h["Sec-Fetch-Site"], func(site string) bool { return site != "none" })
}

// isOwnHost reports whether host is a name of the server that was reached at local. No page reaches
// a Unix socket, whose clients make up a host.
func isOwnHost(host string, local net.Addr, hostnames []string) bool {
	tcp, ok := local.(*net.TCPAddr)
	if !ok {
		return local != nil && local.Network() == "unix"
	}
	name, port, hasPort := host, "", false
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		name, port, hasPort = host[:i], host[i+1:], true
	}
	var digits [8]byte
	if hasPort && port != string(strconv.AppendInt(digits[:0], int64(tcp.Port), 10)) {
		return false
	}
	switch {
	case slices.Contains(hostnames, name):
		return true
	case !hasPort && tcp.Port != 80: // the port of http is not named
		return false
	case name == "localhost":
		return true
	}
	bare := strings.TrimSuffix(strings.TrimPrefix(name, "["), "]")
	ip, err := netip.ParseAddr(bare)
	return err == nil && ip == tcp.AddrPort().Addr().Unmap() && ip.Is6() == (len(bare) < len(name))
}
