package extauth

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOriginal(t *testing.T) {
	t.Parallel()
	nginx := func(method, uri string) http.Header {
		return http.Header{"X-Original-Method": {method}, "X-Original-Uri": {uri}}
	}
	ingress := func(url string) http.Header {
		return http.Header{"X-Original-Method": {"GET"}, "X-Original-Url": {url}}
	}
	traefik := func(method, host, uri string) http.Header {
		return http.Header{"X-Forwarded-Method": {method}, "X-Forwarded-Host": {host}, "X-Forwarded-Uri": {uri}}
	}
	with := func(h http.Header, name string, values ...string) http.Header {
		h = h.Clone()
		if h[name] = values; values == nil {
			delete(h, name)
		}
		return h
	}
	for name, c := range map[string]struct {
		proxy  Proxy
		host   string
		header http.Header
		want   original
		err    error
	}{
		"nginx":                          {Nginx, "Orders.example:443", nginx("POST", "/a?b"), original{"POST", "orders.example", "/a?b"}, nil},
		"haproxy":                        {HAProxy, "orders.example.", nginx("GET", "/a"), original{"GET", "orders.example", "/a"}, nil},
		"nginx without a host":           {Nginx, "", nginx("GET", "/a"), original{"GET", "", "/a"}, nil},
		"ingress-nginx":                  {IngressNginx, "guard", ingress("https://Orders.example:8443/a?b"), original{"GET", "orders.example", "/a?b"}, nil},
		"ingress-nginx by http":          {IngressNginx, "guard", ingress("http://orders.example/"), original{"GET", "orders.example", "/"}, nil},
		"ingress-nginx without a host":   {IngressNginx, "guard", ingress("http:///a"), original{"GET", "", "/a"}, nil},
		"traefik":                        {Traefik, "guard:16931", traefik("GET", "orders.example", "/a"), original{"GET", "orders.example", "/a"}, nil},
		"caddy":                          {Caddy, "guard", traefik("DELETE", "orders.example:443", "/a?x=,"), original{"DELETE", "orders.example", "/a?x=,"}, nil},
		"without a host":                 {Caddy, "guard", traefik("GET", "", "/a"), original{"GET", "", "/a"}, nil},
		"a method in other letters":      {Caddy, "guard", traefik("get", "a", "/a"), original{"get", "a", "/a"}, nil},
		"other families are not read":    {Nginx, "a", with(with(nginx("GET", "/admin"), "X-Forwarded-Uri", "/public"), "X-Original-Url", "http://b/public", "x"), original{"GET", "a", "/admin"}, nil},
		"nor headers that look alike":    {Caddy, "a", with(traefik("GET", "a", "/admin"), "X_forwarded_uri", "/public"), original{"GET", "a", "/admin"}, nil},
		"nor the host of others":         {Nginx, "a", with(nginx("GET", "/"), "X-Forwarded-Host", "b"), original{"GET", "a", "/"}, nil},
		"IPv6":                           {Nginx, "[::1]:443", nginx("GET", "/"), original{"GET", "[::1]", "/"}, nil},
		"IPv6 in other words":            {Nginx, "[0:0:0::0001]", nginx("GET", "/"), original{"GET", "[::1]", "/"}, nil},
		"IPv6 in capitals":               {Nginx, "[FE80::A]:80", nginx("GET", "/"), original{"GET", "[fe80::a]", "/"}, nil},
		"a bracket alone":                {Nginx, "[", nginx("GET", "/"), original{}, errHost},
		"brackets around nothing":        {Nginx, "[]", nginx("GET", "/"), original{}, errHost},
		"a bracket that is open":         {Nginx, "[::1", nginx("GET", "/"), original{}, errHost},
		"a bracket that a port closes":   {Nginx, "[fe80::1:80", nginx("GET", "/"), original{}, errHost},
		"a bracket that is not opened":   {Nginx, "::1]", nginx("GET", "/"), original{}, errHost},
		"a bracket that is only closed":  {Nginx, "]:80", nginx("GET", "/"), original{}, errHost},
		"IPv6 with IPv4 in it":           {Nginx, "[::FFFF:1.2.3.4]:80", nginx("GET", "/"), original{"GET", "[::ffff:1.2.3.4]", "/"}, nil},
		"IPv6 with a final dot":          {Nginx, "[::1].:80", nginx("GET", "/"), original{"GET", "[::1]", "/"}, nil},
		"an empty port":                  {Nginx, "a:", nginx("GET", "/"), original{"GET", "a", "/"}, nil},
		"a final dot before the port":    {Nginx, "a.:80", nginx("GET", "/"), original{"GET", "a", "/"}, nil},
		"no proxy":                       {NoProxy, "a", nginx("GET", "/"), original{}, nil},
		"no target":                      {Nginx, "a", with(nginx("GET", "/"), "X-Original-Uri"), original{}, errTargetHeader},
		"two targets":                    {Nginx, "a", with(nginx("GET", "/"), "X-Original-Uri", "/public", "/admin"), original{}, errTargetHeader},
		"the target of another family":   {Nginx, "a", with(with(nginx("GET", "/"), "X-Original-Uri"), "X-Forwarded-Uri", "/"), original{}, errTargetHeader},
		"no method":                      {Nginx, "a", with(nginx("GET", "/"), "X-Original-Method"), original{}, errMethodHeader},
		"two methods":                    {Nginx, "a", with(nginx("GET", "/"), "X-Original-Method", "GET", "GET"), original{}, errMethodHeader},
		"two methods in one":             {Nginx, "a", nginx("GET, POST", "/"), original{}, errMethod},
		"an empty method":                {Nginx, "a", nginx("", "/"), original{}, errMethod},
		"a method that is none":          {Nginx, "a", nginx("GET /", "/"), original{}, errMethod},
		"two hosts in one":               {Caddy, "a", traefik("GET", "a, b", "/"), original{}, errHost},
		"two hosts without a blank":      {Caddy, "a", traefik("GET", "a,b", "/"), original{}, errHost},
		"two hosts":                      {Caddy, "a", with(traefik("GET", "a", "/"), "X-Forwarded-Host", "a", "b"), original{}, errHostHeader},
		"no host header":                 {Traefik, "a", with(traefik("GET", "a", "/"), "X-Forwarded-Host"), original{}, errHostHeader},
		"a host with a user":             {IngressNginx, "a", ingress("https://b@a/"), original{}, errHost},
		"a host with a path":             {Caddy, "a", traefik("GET", "a/b", "/"), original{}, errHost},
		"a host that is escaped":         {Caddy, "a", traefik("GET", "%61", "/"), original{}, errHost},
		"a host with letters of others":  {Caddy, "a", traefik("GET", "\u212a", "/"), original{}, errHost},
		"a port that is none":            {Nginx, "a:b", nginx("GET", "/"), original{}, errHost},
		"a port alone":                   {Nginx, ":80", nginx("GET", "/"), original{}, errHost},
		"a dot alone":                    {Nginx, ".", nginx("GET", "/"), original{}, errHost},
		"two final dots":                 {Nginx, "a..", nginx("GET", "/"), original{}, errHost},
		"IPv6 without brackets":          {Nginx, "::1", nginx("GET", "/"), original{}, errHost},
		"IPv4 in brackets":               {Nginx, "[127.0.0.1]", nginx("GET", "/"), original{}, errHost},
		"a zone":                         {Nginx, "[fe80::1%25eth0]", nginx("GET", "/"), original{}, errHost},
		"a URL without a path":           {IngressNginx, "a", ingress("https://a"), original{}, errURL},
		"a URL with a query only":        {IngressNginx, "a", ingress("https://a?/b"), original{}, errHost},
		"a path for a URL":               {IngressNginx, "a", ingress("/a"), original{}, errURL},
		"another scheme":                 {IngressNginx, "a", ingress("ftp://a/"), original{}, errURL},
		"the URI of nginx for ingress's": {IngressNginx, "a", nginx("GET", "/"), original{}, errTargetHeader},
		"a proxy that is none":           {"apache", "a", nginx("GET", "/"), original{}, errProxy},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := c.proxy.original(&http.Request{Method: http.MethodGet, Host: c.host, Header: c.header, RequestURI: "/check"})
			require.ErrorIs(t, err, c.err)
			if c.err == nil {
				require.Equal(t, c.want, got)
			}
		})
	}
	t.Run("envoy", func(t *testing.T) {
		t.Parallel()
		for uri, target := range map[string]string{
			"/check/orders?a": "/orders?a", "/check//orders": "//orders", "/check": "", "/check*": "*", "/check/check": "/check", "/check/../x": "/../x",
		} {
			got, err := Envoy.original(&http.Request{
				Method: http.MethodPut, Host: "Orders.example", RequestURI: uri, Header: traefik("GET", "b", "/public"),
			})
			require.NoError(t, err)
			require.Equal(t, original{http.MethodPut, "orders.example", target}, got)
		}
	})
}

func TestIsHost(t *testing.T) {
	t.Parallel()
	for c := range 256 {
		text := string([]byte{byte(c)})
		allowed := strings.Contains("abcdefghijklmnopqrstuvwxyz0123456789-_", text)
		require.Equal(t, allowed, isHost(text), "%q", text)
		require.Equal(t, allowed || text == ".", isHost("a"+text+"b"), "%q", text)
		require.Equal(t, allowed, isHost(text+"a"), "%q", text)
		require.Equal(t, allowed, isHost("a"+text), "%q", text)
	}
	require.False(t, isHost(""))
}

func TestIsToken(t *testing.T) {
	t.Parallel()
	for c := range 256 {
		text := string([]byte{byte(c)})
		// RFC 9110, 5.6.2
		allowed := strings.Contains("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~", text)
		require.Equal(t, allowed, isToken(text), "%q", text)
		require.Equal(t, allowed, isToken("G"+text+"T"), "%q", text)
	}
	require.False(t, isToken(""))
}

func TestMarks(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]mark{
		"X-Auth-Tenant": ownHeader, "X-Auth-Object-Id": ownHeader, "X-Auth-Client-Id": ownHeader, "X-Auth-Roles": ownHeader, "X-Auth-Scopes": ownHeader,
		"X-Auth-Claims": ownHeader, "X_auth_roles": ownHeader, "X.auth.roles": ownHeader, "X-Auth_roles": ownHeader, "x-auth-roles": ownHeader,
		"X_AUTH.CLIENT-ID": ownHeader, "X-Http-Method-Override": methodOverride, "X-Http-Method": methodOverride, "X-Method-Override": methodOverride,
		"X_http_method_override": methodOverride, "X-Http.method_override": methodOverride,
		"X+auth+roles": ownHeader, "X~auth!object*id": ownHeader, "X-Auth|Claims": ownHeader, "X9auth-Roles": 0, "X-Authzroles": 0, "X--Auth-Roles": 0,
		"X-Auth-Role": 0, "X-Auth-Roles-2": 0, "Xx-Auth-Roles": 0, "X-Original-Method": 0, "Authorization": 0, "X": 0, "": 0, "X-Auth-Other": 0,
	} {
		require.Equal(t, want, marks(http.Header{"Accept": {"*/*"}, name: {""}}), name)
	}
	require.Equal(t, ownHeader|methodOverride, marks(http.Header{"X-Auth-Roles": {"a"}, "X-Http-Method": {"PUT"}}))
}

func TestIsPreflight(t *testing.T) {
	t.Parallel()
	both := http.Header{"Origin": {"https://a"}, "Access-Control-Request-Method": {"PUT"}}
	require.True(t, isPreflight("OPTIONS", both))
	require.False(t, isPreflight("GET", both))
	require.False(t, isPreflight("options", both))
	require.False(t, isPreflight("OPTIONS", http.Header{"Origin": {"https://a"}}))
	require.False(t, isPreflight("OPTIONS", http.Header{"Access-Control-Request-Method": {"PUT"}}))
	require.False(t, isPreflight("OPTIONS", http.Header{"Origin": {""}, "Access-Control-Request-Method": {"PUT"}}))
}
