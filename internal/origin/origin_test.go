package origin_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/origin"
)

func TestLoopback(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"127.0.0.1": true, "127.1.2.3": true, "::1": true, "localhost": true, "LocalHost": true, "::ffff:127.0.0.1": true,
		"": false, "0.0.0.0": false, "localhost.example.com": false, "10.0.0.1": false, "169.254.169.254": false,
		"127.0.0.1.example.com": false, "127.1": false, "[::1]": false, "x.localhost": false,
	} {
		require.Equal(t, want, origin.Loopback(host), host)
	}
}

func TestSame(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		a, b string
		want bool
	}{
		{"https://a.example", "https://a.example/path?query", true},
		{"https://a.example", "https://A.Example:443", true},
		{"http://a.example", "http://a.example:80", true},
		{"http://[::1]", "http://[::1]:80", true},
		{"https://a.example", "https://a.example:8443", false},
		{"https://a.example", "http://a.example", false},
		{"https://a.example", "https://b.a.example", false},
		{"https://a.example", "https://a.example.", false},
	} {
		require.Equal(t, tc.want, origin.Same(parse(t, tc.a), parse(t, tc.b)), tc)
		require.Equal(t, tc.want, origin.Same(parse(t, tc.b), parse(t, tc.a)), tc)
	}
}

func TestMayFollow(t *testing.T) {
	t.Parallel()
	named := []string{"eu.example.com", "us.example.com:8443"}
	for _, tc := range []struct {
		name  string
		hosts []string
		steps []string
		want  bool
	}{
		{"what the caller addressed", nil, []string{"http://any.example"}, true},
		{"the same host", nil, []string{"https://a.example", "https://A.example:443/x"}, true},
		{"the same host, over http all the way", nil, []string{"http://a.example", "http://a.example/x"}, true},
		{"the same port of this machine", nil, []string{"http://127.0.0.1:1", "http://127.0.0.1:1/x"}, true},
		{"from http to https on another port", nil, []string{"http://a.example", "https://a.example"}, false},
		{"another host", nil, []string{"https://a.example", "https://evil.example"}, false},
		{"a subdomain", nil, []string{"https://a.example", "https://x.a.example"}, false},
		{"another port", nil, []string{"https://a.example", "https://a.example:8443"}, false},
		{"another port of this machine", nil, []string{"http://127.0.0.1:1", "http://127.0.0.1:2"}, false},
		{"back by way of another host", nil, []string{"https://a.example", "https://evil.example", "https://a.example"}, false},
		{"a host that is named", named, []string{"https://a.example", "https://EU.example.com/x"}, true},
		{"a host that is named, by its other port", named, []string{"https://a.example", "https://eu.example.com:8443"}, false},
		{"a port that is named", named, []string{"https://a.example", "https://us.example.com:8443"}, true},
		{"a host whose port is named, by its own port", named, []string{"https://a.example", "https://us.example.com"}, false},
		{"two hosts that are named", named, []string{"https://a.example", "https://eu.example.com", "https://us.example.com:8443", "https://a.example"}, true},
		{"from https to http", nil, []string{"https://a.example:80", "http://a.example:80"}, false},
		{"from https to http, named", named, []string{"https://a.example", "http://eu.example.com"}, false},
		{"from https to http in the middle", nil, []string{"https://a.example:80", "http://a.example:80", "https://a.example:80"}, false},
		{"from https to this machine", []string{"127.0.0.1"}, []string{"https://a.example", "http://127.0.0.1"}, false},
		{"from this machine to another over http", named, []string{"http://localhost", "http://eu.example.com"}, false},
		{"from this machine to another over http in the middle", named, []string{"http://127.0.0.1", "http://eu.example.com", "https://eu.example.com"}, false},
		{"from this machine to another over https", named, []string{"http://localhost:8080", "https://eu.example.com"}, true},
		{"from one name of this machine to another", []string{"127.0.0.1"}, []string{"http://localhost", "http://127.0.0.1"}, true},
		{"over http to a host that is named", named, []string{"http://a.example", "http://eu.example.com"}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var req *http.Request
			for _, step := range tc.steps {
				next := &http.Request{URL: parse(t, step)}
				if req != nil {
					next.Response = &http.Response{Request: req}
				}
				req = next
			}
			require.Equal(t, tc.want, origin.MayFollow(req, tc.hosts))
		})
	}
	t.Run("a history that was cut", func(t *testing.T) {
		t.Parallel()
		require.False(t, origin.MayFollow(&http.Request{URL: parse(t, "https://a.example"), Response: &http.Response{}}, nil))
	})
}

func parse(t *testing.T, address string) *url.URL {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	return u
}
