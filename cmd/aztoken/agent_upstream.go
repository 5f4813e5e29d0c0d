package main

import (
	"fmt"
	"net"
	"net/url"

	"github.com/seed-ac726066/aztoken/internal/agentfile"
)

// upstreamVariables name an endpoint for the client.
var upstreamVariables = []string{"IDENTITY_ENDPOINT", "MSI_ENDPOINT", "AZURE_POD_IDENTITY_AUTHORITY_HOST"}

// checkUpstream finds an upstream that is the agent itself, as when it was started in the
// environment that it printed.
func checkUpstream(c agentfile.Config, getenv func(string) string, listeners []net.Listener) error {
	if c.Dev {
		return nil
	}
	named := map[string]string{"--endpoint": c.Endpoint}
	if c.Endpoint == "" {
		for _, name := range upstreamVariables {
			named[name] = getenv(name)
		}
	}
	for name, address := range named {
		for _, l := range listeners {
			if leadsTo(address, l.Addr()) {
				return fmt.Errorf("aztoken: %s is %s, where this agent listens: %w; unset it, or give another --endpoint", name, address, errOwnListener)
			}
		}
	}
	return nil
}

// leadsTo reports whether a URL leads to a listener of this machine.
func leadsTo(address string, listener net.Addr) bool {
	u, err := url.Parse(address)
	tcp, ok := listener.(*net.TCPAddr)
	if err != nil || !ok || u.Host == "" {
		return false
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	if port != fmt.Sprint(tcp.Port) {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	switch {
	case u.Hostname() == "localhost":
		return tcp.IP.IsLoopback() || tcp.IP.IsUnspecified()
	case ip == nil:
		return false
	case tcp.IP.IsUnspecified():
		return isOfThisMachine(ip)
	}
	return ip.Equal(tcp.IP)
}

func isOfThisMachine(ip net.IP) bool {
	if ip.IsLoopback() || ip.IsUnspecified() {
		return true
	}
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	for _, a := range addresses {
		if n, ok := a.(*net.IPNet); ok && n.IP.Equal(ip) {
			return true
		}
	}
	return false
}
