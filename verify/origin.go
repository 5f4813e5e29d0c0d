package verify

import (
	"net"
	"net/url"
	"strings"
)

// isLoopback reports whether what is sent to host stays on this machine.
func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// sameHost reports whether two URLs of one scheme lead to the same host and port.
func sameHost(a, b *url.URL) bool {
	port := func(u *url.URL) string {
		if p := u.Port(); p != "" {
			return p
		}
		return map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	return strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}
