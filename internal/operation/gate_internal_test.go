package operation

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestGate(t *testing.T) {
	t.Parallel()
	loopback := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 16930}
	loopback6 := &net.TCPAddr{IP: net.IPv6loopback, Port: 16930}
	bridge := &net.TCPAddr{IP: net.IPv4(172, 17, 0, 1), Port: 16930}
	port80 := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80}
	socket := &net.UnixAddr{Name: "/run/aztoken/agent.sock", Net: "unix"}
	header := func(name, value string) http.Header { return http.Header{name: {value}} }
	for name, c := range map[string]struct {
		local  net.Addr
		host   string
		header http.Header
		passes bool
	}{
		"its address":                     {loopback, "127.0.0.1:16930", nil, true},
		"its address of IPv6":             {loopback6, "[::1]:16930", nil, true},
		"localhost":                       {loopback, "localhost:16930", nil, true},
		"a bridge":                        {bridge, "172.17.0.1:16930", nil, true},
		"a hostname":                      {loopback, "agent:16930", nil, true},
		"a hostname without a port":       {loopback, "agent", nil, true},
		"a hostname with another port":    {loopback, "agent:80", nil, false},
		"port 80 is not named":            {port80, "127.0.0.1", nil, true},
		"port 80 named":                   {port80, "localhost:80", nil, true},
		"no port":                         {loopback, "127.0.0.1", nil, false},
		"another port":                    {loopback, "127.0.0.1:16931", nil, false},
		"another address of the machine":  {loopback, "172.17.0.1:16930", nil, false},
		"a name that a page has rebound":  {loopback, "evil.example:16930", nil, false},
		"one that begins as its own":      {loopback, "127.0.0.1.evil.example:16930", nil, false},
		"one that begins as localhost":    {loopback, "localhost.evil.example:16930", nil, false},
		"one that ends as a hostname":     {loopback, "evil.agent:16930", nil, false},
		"nothing":                         {loopback, "", nil, false},
		"a port of other digits":          {loopback, "127.0.0.1:016930", nil, false},
		"IPv6 without brackets":           {loopback6, "::1:16930", nil, false},
		"IPv4 in brackets":                {loopback, "[127.0.0.1]:16930", nil, false},
		"a number":                        {loopback, "2130706433:16930", nil, false},
		"a Unix socket has no name":       {socket, "anything", nil, true},
		"a page, by Origin":               {loopback, "127.0.0.1:16930", header("Origin", "http://evil.example"), false},
		"a page without an origin":        {loopback, "127.0.0.1:16930", header("Origin", "null"), false},
		"a page at a socket":              {socket, "x", header("Origin", "http://evil.example"), false},
		"a page, by Sec-Fetch-Site":       {loopback, "127.0.0.1:16930", header("Sec-Fetch-Site", "same-origin"), false},
		"a person who types":              {loopback, "127.0.0.1:16930", header("Sec-Fetch-Site", "none"), true},
		"a connection of unknown address": {nil, "127.0.0.1:16930", nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reached := false
			g := Gate{
				Hostnames: func() []string { return []string{"agent"} }, Refuse: Refuse,
				Next: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }),
			}
			r := httptest.NewRequest(http.MethodGet, "/msi/token", nil)
			r.Host = c.host
			for name, values := range c.header {
				r.Header[name] = values
			}
			if c.local != nil {
				r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, c.local))
			}
			w := httptest.NewRecorder()
			g.ServeHTTP(w, r)
			require.Equal(t, c.passes, reached)
			if !c.passes {
				require.Equal(t, http.StatusForbidden, w.Code)
				require.Contains(t, w.Header().Get("Content-Type"), "application/json")
				require.NotContains(t, w.Body.String(), "evil")
			}
		})
	}
}
