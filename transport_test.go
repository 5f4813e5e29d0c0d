package aztoken_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
)

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	t.Run("sends the token where it may go", func(t *testing.T) {
		t.Parallel()
		const token = "Bearer "
		for _, tc := range []struct {
			name  string
			url   string
			hosts []string
			allow bool
			hops  map[string]string // redirects, by scheme and host
			at    string            // where the request arrives
			want  bool
		}{
			{name: "to the host that was addressed", url: "https://api.example.com/x", at: "https://api.example.com", want: true},
			{name: "to loopback over http", url: "http://127.0.0.1:8080/", at: "http://127.0.0.1:8080", want: true},
			{name: "to localhost over http", url: "http://localhost:8080/", at: "http://localhost:8080", want: true},
			{name: "to [::1] over http", url: "http://[::1]:8080/", at: "http://[::1]:8080", want: true},
			{name: "over http where that is allowed", url: "http://api.example.com/", allow: true, at: "http://api.example.com", want: true},
			{name: "a redirect to another host", url: "https://api.example.com/", hops: map[string]string{"https://api.example.com": "https://evil.example/"}, at: "https://evil.example"},
			{name: "a redirect to a subdomain", url: "https://api.example.com/", hops: map[string]string{"https://api.example.com": "https://x.api.example.com/"}, at: "https://x.api.example.com"},
			{name: "a redirect to another port", url: "https://api.example.com/", hops: map[string]string{"https://api.example.com": "https://api.example.com:8443/"}, at: "https://api.example.com:8443"},
			{name: "a redirect to http", url: "https://api.example.com/", hops: map[string]string{"https://api.example.com": "http://api.example.com/"}, at: "http://api.example.com"},
			{name: "a redirect to http although http is allowed", url: "https://api.example.com/", allow: true, hosts: []string{"api.example.com"}, hops: map[string]string{"https://api.example.com": "http://api.example.com/"}, at: "http://api.example.com"},
			{name: "a redirect to loopback", url: "https://api.example.com/", hops: map[string]string{"https://api.example.com": "http://127.0.0.1/"}, at: "http://127.0.0.1"},
			{name: "a redirect from loopback to another port of it", url: "http://127.0.0.1:1/", hops: map[string]string{"http://127.0.0.1:1": "http://127.0.0.1:2/"}, at: "http://127.0.0.1:2"},
			{name: "a redirect to a host that is named", url: "https://api.example.com/", hosts: []string{"eu.example.com"}, hops: map[string]string{"https://api.example.com": "https://EU.example.com/"}, at: "https://EU.example.com", want: true},
			{name: "a redirect to a port that is named", url: "https://api.example.com/", hosts: []string{"eu.example.com:8443"}, hops: map[string]string{"https://api.example.com": "https://eu.example.com:8443/"}, at: "https://eu.example.com:8443", want: true},
			{name: "a redirect to a named host over http", url: "https://api.example.com/", hosts: []string{"eu.example.com"}, hops: map[string]string{"https://api.example.com": "http://eu.example.com/"}, at: "http://eu.example.com"},
			{name: "a redirect from loopback to a named host over http", url: "http://localhost:8080/", hosts: []string{"other.example.com"}, hops: map[string]string{"http://localhost:8080": "http://other.example.com/"}, at: "http://other.example.com"},
			{name: "a redirect from loopback to a named host over http, where http is allowed", url: "http://localhost:8080/", allow: true, hosts: []string{"other.example.com"}, hops: map[string]string{"http://localhost:8080": "http://other.example.com/"}, at: "http://other.example.com"},
			{name: "a redirect on the same host", url: "https://api.example.com/", hops: map[string]string{"https://api.example.com": "https://API.example.com:443/x"}, at: "https://API.example.com:443", want: true},
			{name: "back by way of another host", url: "https://api.example.com/", hops: map[string]string{"https://api.example.com": "https://evil.example/", "https://evil.example": "https://api.example.com:443/x"}, at: "https://api.example.com:443"},
		} {
			t.Run(tc.name, func(t *testing.T) {
				t.Parallel()
				var end seen
				n := network{tc.at: end.ServeHTTP}
				for from, to := range tc.hops {
					n[from] = redirect(to)
				}
				c := over(t, imdstest.New(nil), aztoken.Options{})
				hc := &http.Client{Transport: &aztoken.Transport{Client: c, Resource: resource, Base: n, RedirectHosts: tc.hosts, InsecureAllowHTTP: tc.allow}}
				resp, err := hc.Post(tc.url, "text/plain", strings.NewReader("body"))
				require.NoError(t, err)
				require.Equal(t, 200, resp.StatusCode)
				require.Len(t, end.headers, 1)
				require.Equal(t, tc.want, strings.HasPrefix(end.headers[0], token), end.headers[0])
				require.Empty(t, resp.Request.Header.Get("Authorization"), "who logs resp.Request must not log the token")
			})
		}
	})
	t.Run("refuses to send a token over http", func(t *testing.T) {
		t.Parallel()
		var end seen
		c := over(t, imdstest.New(nil), aztoken.Options{})
		hc := c.Wrap(&http.Client{Transport: network{"http://api.example.com": end.ServeHTTP}}, resource)
		b := &body{Reader: strings.NewReader("x")}
		req, err := http.NewRequest(http.MethodPost, "http://api.example.com/", b)
		require.NoError(t, err)
		_, err = hc.Do(req)
		require.ErrorContains(t, err, "not sent over http")
		require.Empty(t, end.headers)
		require.True(t, b.closed.Load())
	})
	t.Run("leaves the Authorization header of a request", func(t *testing.T) {
		t.Parallel()
		var end seen
		imds := imdstest.New(nil)
		hc := over(t, imds, aztoken.Options{}).Wrap(&http.Client{Transport: network{"http://api.example.com": end.ServeHTTP}}, resource)
		req, err := http.NewRequest(http.MethodGet, "http://api.example.com/", nil)
		require.NoError(t, err)
		req.Header.Set("Authorization", "Basic abc")
		_, err = hc.Do(req)
		require.NoError(t, err)
		require.Equal(t, []string{"Basic abc"}, end.headers)
		require.Zero(t, imds.Count())
	})
	t.Run("changes no request, and closes the body on error", func(t *testing.T) {
		t.Parallel()
		imds := imdstest.New(&imdstest.Options{Identities: []imdstest.Identity{}})
		rt := &aztoken.Transport{Client: over(t, imds, aztoken.Options{}), Resource: resource, Base: network{}}
		b := &body{Reader: strings.NewReader("x")}
		req, err := http.NewRequest(http.MethodPost, "https://api.example.com/", b)
		require.NoError(t, err)
		req.Header.Set("X-Own", "1")
		before := req.Clone(context.Background())
		_, err = rt.RoundTrip(req)
		require.ErrorIs(t, err, aztoken.ErrIdentityNotFound)
		require.True(t, b.closed.Load())
		require.Equal(t, before.Header, req.Header)
		require.Same(t, b, req.Body)

		_, err = (&aztoken.Transport{Resource: resource}).RoundTrip(req)
		require.ErrorContains(t, err, "Transport.Client is nil")
	})
	inVirtualTime(t, "waits for a token no longer than the deadline of the request", func(t *testing.T) {
		imds := imdstest.New(nil)
		t.Cleanup(imds.Close)
		imds.Break(imdstest.Hang())
		hc := over(t, imds, aztoken.Options{}).Wrap(&http.Client{Transport: network{}}, resource)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://api.example.com/", nil)
		require.NoError(t, err)
		_, err = hc.Do(req)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		var u *url.Error
		require.ErrorAs(t, err, &u)
		require.True(t, u.Timeout())
	})
	t.Run("over a Base that clones requests, neither shows nor loses the token", func(t *testing.T) {
		t.Parallel()
		for _, forgets := range []bool{false, true} {
			var end seen
			n := network{"https://api.example.com": func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/" {
					http.Redirect(w, r, "/there", http.StatusFound)
					return
				}
				end.ServeHTTP(w, r)
			}}
			c := over(t, imdstest.New(nil), aztoken.Options{})
			resp, err := c.Wrap(&http.Client{Transport: cloning{n, forgets}}, resource).Get("https://api.example.com/")
			require.NoError(t, err)
			require.Empty(t, resp.Request.Header.Get("Authorization"))
			require.Len(t, end.headers, 1)
			require.True(t, strings.HasPrefix(end.headers[0], "Bearer "))
		}
	})
	t.Run("sends no token after a redirect of unknown history", func(t *testing.T) {
		t.Parallel()
		var end seen
		rt := &aztoken.Transport{Client: over(t, imdstest.New(nil), aztoken.Options{}), Resource: resource, Base: network{"https://api.example.com": end.ServeHTTP}}
		req, err := http.NewRequest(http.MethodGet, "https://api.example.com/", nil)
		require.NoError(t, err)
		req.Response = &http.Response{StatusCode: http.StatusFound}
		_, err = rt.RoundTrip(req)
		require.NoError(t, err)
		require.Equal(t, []string{""}, end.headers)
	})
	t.Run("sends no token for this machine through a proxy", func(t *testing.T) {
		t.Parallel()
		var proxied seen
		proxy := httptest.NewServer(http.HandlerFunc(proxied.ServeHTTP))
		t.Cleanup(proxy.Close)
		proxyURL, err := url.Parse(proxy.URL)
		require.NoError(t, err)
		none := func(*http.Request) (*url.URL, error) { return nil, nil }
		for name, tc := range map[string]struct {
			proxy  func(*http.Request) (*url.URL, error)
			allow  bool
			first  *http.Request // where the request is a redirect of another
			errs   bool
			header string
		}{
			"ProxyURL":                     {proxy: http.ProxyURL(proxyURL), errs: true},
			"a Proxy that fails":           {proxy: func(*http.Request) (*url.URL, error) { return nil, errors.New("no proxy known") }, errs: true},
			"a Proxy without one for it":   {proxy: none, errs: false, header: "-"},
			"InsecureAllowHTTP":            {proxy: http.ProxyURL(proxyURL), allow: true, header: "Bearer "},
			"a redirect that nobody asked": {proxy: http.ProxyURL(proxyURL), first: httptest.NewRequest(http.MethodGet, "http://localhost:1/first", nil), header: ""},
		} {
			t.Run(name, func(t *testing.T) {
				base := &http.Transport{Proxy: tc.proxy, DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
					// This replaces localhost:1 too.
					return new(net.Dialer).DialContext(ctx, network, proxyURL.Host)
				}}
				t.Cleanup(base.CloseIdleConnections)
				rt := &aztoken.Transport{Client: over(t, imdstest.New(nil), aztoken.Options{}), Resource: resource, Base: base, InsecureAllowHTTP: tc.allow}
				req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost:1/", nil)
				require.NoError(t, err)
				if tc.first != nil {
					req.Response = &http.Response{StatusCode: http.StatusFound, Request: tc.first}
				}
				proxied.headers = nil
				resp, err := rt.RoundTrip(req)
				if tc.errs {
					require.ErrorContains(t, err, "not sent through a proxy; let Base's Proxy return nil for loopback addresses")
					require.Empty(t, proxied.headers)
					return
				}
				require.NoError(t, err)
				require.NoError(t, resp.Body.Close())
				require.Len(t, proxied.headers, 1)
				switch tc.header {
				case "":
					require.Empty(t, proxied.headers[0])
				default:
					require.True(t, strings.HasPrefix(proxied.headers[0], "Bearer "))
				}
			})
		}
	})
	t.Run("returns what a Base without an answer returns", func(t *testing.T) {
		t.Parallel()
		rt := &aztoken.Transport{
			Client: over(t, imdstest.New(nil), aztoken.Options{}), Resource: resource,
			Base: roundTripper(func(*http.Request) (*http.Response, error) {
				return nil, nil //nolint:nilnil // a mistake of that Base
			}),
		}
		req, err := http.NewRequest(http.MethodGet, "https://api.example.com/", nil)
		require.NoError(t, err)
		resp, err := rt.RoundTrip(req)
		require.Nil(t, resp)
		require.NoError(t, err)
		_, err = (&http.Client{Transport: rt}).Do(req)
		require.ErrorContains(t, err, "nil *Response", "net/http has words for it")
	})
}

func TestUnauthorized(t *testing.T) {
	t.Parallel()
	t.Run("repeats the request once, with another token and its body", func(t *testing.T) {
		t.Parallel()
		imds := imdstest.New(&imdstest.Options{MintAfter: -1})
		c := over(t, imds, aztoken.Options{})
		first, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		service := &picky{reject: only(first)}
		resp, err := service.client(c).Post("https://api.example.com/", "text/plain", strings.NewReader("the body"))
		require.NoError(t, err)
		require.Equal(t, 200, resp.StatusCode)
		require.Equal(t, []string{"the body", "the body"}, service.bodies)
		require.NotEqual(t, service.tokens[0], service.tokens[1])
		require.Equal(t, 2, imds.Count())
	})
	t.Run("repeats what can be sent again", func(t *testing.T) {
		t.Parallel()
		for name, tc := range map[string]struct {
			request func(*http.Request)
			status  int
		}{
			"no body":            {func(r *http.Request) { r.Body, r.GetBody = nil, nil }, 200},
			"http.NoBody":        {func(r *http.Request) { r.Body, r.GetBody = http.NoBody, nil }, 200},
			"a body with a copy": {func(*http.Request) {}, 200},
			"a stream":           {func(r *http.Request) { r.GetBody = nil }, 401},
			"a copy that fails":  {func(r *http.Request) { r.GetBody = func() (io.ReadCloser, error) { return nil, errors.New("gone") } }, 401},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				c := over(t, imdstest.New(&imdstest.Options{MintAfter: -1}), aztoken.Options{})
				first, err := c.Token(t.Context(), resource)
				require.NoError(t, err)
				service := &picky{reject: only(first)}
				req, err := http.NewRequest(http.MethodPut, "https://api.example.com/", strings.NewReader("body"))
				require.NoError(t, err)
				tc.request(req)
				resp, err := service.client(c).Do(req)
				require.NoError(t, err)
				require.Equal(t, tc.status, resp.StatusCode)
			})
		}
	})
	t.Run("does not repeat a body that cannot be sent again", func(t *testing.T) {
		t.Parallel()
		imds := imdstest.New(&imdstest.Options{MintAfter: -1})
		service := &picky{reject: all}
		hc := service.client(over(t, imds, aztoken.Options{}))
		resp, err := hc.Post("https://api.example.com/", "text/plain", io.MultiReader(strings.NewReader("stream")))
		require.NoError(t, err)
		require.Equal(t, 401, resp.StatusCode)
		require.Len(t, service.tokens, 1)
	})
	inVirtualTime(t, "to a body that cannot be sent again, is returned at once", func(t *testing.T) {
		imds := imdstest.New(&imdstest.Options{MintAfter: -1})
		c := over(t, imds, aztoken.Options{})
		first, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		imds.BreakFor(time.Minute, imdstest.Slow(5*time.Second))
		service := &picky{reject: only(first)}
		hc := service.client(c)
		start := time.Now()
		resp, err := hc.Post("https://api.example.com/", "text/plain", io.MultiReader(strings.NewReader("stream")))
		require.NoError(t, err)
		require.Equal(t, 401, resp.StatusCode)
		require.Zero(t, time.Since(start))
		time.Sleep(10 * time.Second)
		resp, err = hc.Post("https://api.example.com/", "text/plain", io.MultiReader(strings.NewReader("stream")))
		require.NoError(t, err)
		require.Equal(t, 200, resp.StatusCode, "the next request has the new token")
	})
	inVirtualTime(t, "passes the claims of a challenge on", func(t *testing.T) {
		source := new(counting)
		service := &picky{reject: func(token string) bool { return token == "token-1" }, challenge: claimsChallenge}
		resp, err := service.client(newClient(t, aztoken.Options{Credential: source})).Get("https://api.example.com/")
		require.NoError(t, err)
		require.Equal(t, 200, resp.StatusCode)
		require.Equal(t, []string{"", claims}, source.claims)
	})
	t.Run("with the challenge of another scheme, is no rejection of the token", func(t *testing.T) {
		t.Parallel()
		imds := imdstest.New(&imdstest.Options{MintAfter: -1})
		service := &picky{reject: all, challenge: `Basic realm="x"`}
		resp, err := service.client(over(t, imds, aztoken.Options{})).Get("https://api.example.com/")
		require.NoError(t, err)
		require.Equal(t, 401, resp.StatusCode)
		require.Equal(t, 1, imds.Count())
		require.Len(t, service.tokens, 1)
	})
	inVirtualTime(t, "while the endpoint hangs, holds up only the request that was rejected", func(t *testing.T) {
		imds := imdstest.New(nil)
		t.Cleanup(imds.Close)
		c := over(t, imds, aztoken.Options{})
		_, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		imds.Break(imdstest.Hang())
		rejecting := &picky{reject: all}
		go func() { _, _ = rejecting.client(c).Get("https://api.example.com/") }()
		synctest.Wait()
		requireNoHarm(t, use(t, c, time.Hour))
	})
	t.Run("during an outage, costs nobody the token", func(t *testing.T) {
		t.Parallel()
		for _, fault := range outages {
			inVirtualTime(t, fault.String(), func(t *testing.T) {
				imds := imdstest.New(&imdstest.Options{MintAfter: -1})
				t.Cleanup(imds.Close)
				c := over(t, imds, aztoken.Options{})
				tok, err := c.Token(t.Context(), resource)
				require.NoError(t, err)
				imds.Break(fault)
				service := &picky{reject: all}
				start := time.Now()
				resp, err := service.client(c).Get("https://api.example.com/")
				require.NoError(t, err)
				require.Equal(t, 401, resp.StatusCode)
				require.LessOrEqual(t, time.Since(start), 12*time.Second)
				again, err := c.Token(t.Context(), resource)
				require.NoError(t, err)
				require.Equal(t, tok.Value(), again.Value(), "the next service may like it")
				imds.Recover()
				requireNoHarm(t, use(t, c, 24*time.Hour))
			})
		}
	})
	t.Run("to everything, hammers nobody", func(t *testing.T) {
		t.Parallel()
		for name, mintAfter := range map[string]time.Duration{"a new token each time": -1, "the platform's cache": 0} {
			inVirtualTime(t, name, func(t *testing.T) {
				imds := imdstest.New(&imdstest.Options{MintAfter: mintAfter})
				service := &picky{reject: all}
				hc := service.client(over(t, imds, aztoken.Options{}))
				for range 50 {
					resp, err := hc.Get("https://api.example.com/")
					require.NoError(t, err)
					require.Equal(t, 401, resp.StatusCode)
				}
				var wg sync.WaitGroup
				for range 50 {
					wg.Go(func() {
						resp, err := hc.Get("https://api.example.com/")
						require.NoError(t, err)
						require.Equal(t, 401, resp.StatusCode)
					})
				}
				wg.Wait()
				require.LessOrEqual(t, imds.Count(), 3)
				require.LessOrEqual(t, len(service.tokens), 103)
				for range 24 * 60 { // a call a minute for a day
					time.Sleep(time.Minute)
					_, err := hc.Get("https://api.example.com/")
					require.NoError(t, err)
				}
				require.LessOrEqual(t, imds.Count(), 40)
			})
		}
	})
	inVirtualTime(t, "to many requests at once, is answered with one other token", func(t *testing.T) {
		imds := imdstest.New(&imdstest.Options{MintAfter: -1})
		c := over(t, imds, aztoken.Options{})
		first, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		imds.Break(imdstest.Slow(time.Second))
		service := &picky{reject: only(first)}
		hc := service.client(c)
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				resp, err := hc.Get("https://api.example.com/")
				require.NoError(t, err)
				require.Equal(t, 200, resp.StatusCode)
			})
		}
		wg.Wait()
		require.Equal(t, 2, imds.Count())
	})
	inVirtualTime(t, "to a token that was replaced meanwhile, asks the endpoint for nothing", func(t *testing.T) {
		imds := imdstest.New(&imdstest.Options{MintAfter: -1})
		c := over(t, imds, aztoken.Options{})
		first, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		service := &picky{reject: only(first)}
		base := roundTripper(func(r *http.Request) (*http.Response, error) {
			// The refresh overtakes the answer.
			time.Sleep(time.Until(first.RefreshOn) + time.Second)
			return handlerTransport(service.ServeHTTP).RoundTrip(r)
		})
		resp, err := c.Wrap(&http.Client{Transport: base}, resource).Get("https://api.example.com/")
		require.NoError(t, err)
		require.Equal(t, 200, resp.StatusCode)
		require.Len(t, service.tokens, 2)
		require.Equal(t, 2, imds.Count())
	})
	t.Run("while the endpoint is down, is one request to it", func(t *testing.T) {
		t.Parallel()
		for _, fault := range []imdstest.Fault{imdstest.Status(400), imdstest.Status(503), imdstest.Refused()} {
			inVirtualTime(t, fault.String(), func(t *testing.T) {
				imds := imdstest.New(nil)
				c := over(t, imds, aztoken.Options{})
				require.NoError(t, c.Warm(t.Context(), resource))
				imds.Break(fault)
				hc := (&picky{reject: all}).client(c)
				for range 100 {
					resp, err := hc.Get("https://api.example.com/")
					require.NoError(t, err)
					require.Equal(t, 401, resp.StatusCode)
					time.Sleep(time.Second)
				}
				require.Equal(t, 2, imds.Count())
			})
		}
	})
	inVirtualTime(t, "does not wait for an observer", func(t *testing.T) {
		imds := imdstest.New(&imdstest.Options{MintAfter: -1})
		c := over(t, imds, aztoken.Options{OnEvent: func(aztoken.Event) { time.Sleep(time.Second) }})
		first, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		hc := (&picky{reject: only(first)}).client(c)
		require.Zero(t, took(func() {
			resp, err := hc.Get("https://api.example.com/")
			require.NoError(t, err)
			require.Equal(t, 200, resp.StatusCode)
		}))
	})
	inVirtualTime(t, "with a body, is read for its connection's sake, bounded in size and time", func(t *testing.T) {
		for name, tc := range map[string]struct {
			body    io.Reader
			atMost  int64
			whole   bool
			waiting time.Duration
		}{
			"a short one":            {io.LimitReader(endless{}, 3<<10), 3 << 10, true, 0},
			"a long one":             {endless{}, 5 << 10, false, 0},
			"one that does not come": {blocked(), 0, false, 50 * time.Millisecond},
			"one whose Read panics":  {bomb{}, 0, false, 0},
			"none at all":            {nil, 0, false, 0},
		} {
			c := over(t, imdstest.New(&imdstest.Options{MintAfter: -1}), aztoken.Options{})
			first, err := c.Token(t.Context(), resource)
			require.NoError(t, err)
			rejected := &body{Reader: tc.body}
			base := roundTripper(func(r *http.Request) (*http.Response, error) {
				if r.Header.Get("Authorization") != "Bearer "+first.Value() {
					require.Equal(t, tc.body != nil, rejected.closed.Load(), "%s: before the repeat", name)
					return &http.Response{StatusCode: 200, Body: http.NoBody}, nil
				}
				if tc.body == nil {
					return &http.Response{StatusCode: 401}, nil
				}
				return &http.Response{StatusCode: 401, Body: rejected}, nil
			})
			rt := &aztoken.Transport{Client: c, Resource: resource, Base: base}
			req, err := http.NewRequest(http.MethodGet, "https://api.example.com/", nil)
			require.NoError(t, err)
			require.Equal(t, tc.waiting, took(func() {
				resp, err := rt.RoundTrip(req)
				require.NoError(t, err)
				require.Equal(t, 200, resp.StatusCode, name)
			}), name)
			require.LessOrEqual(t, rejected.read.Load(), tc.atMost, name)
			if tc.whole {
				require.Equal(t, tc.atMost, rejected.read.Load(), name)
			}
		}
	})
	t.Run("with a body, costs no connection", func(t *testing.T) {
		t.Parallel()
		c := over(t, imdstest.New(&imdstest.Options{MintAfter: -1}), aztoken.Options{})
		var connections atomic.Int32
		first, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		service := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") == "Bearer "+first.Value() {
				w.WriteHeader(http.StatusUnauthorized)
				_, _ = io.WriteString(w, strings.Repeat("the token is not accepted\n", 100))
			}
		}))
		service.Config.ConnState = func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				connections.Add(1)
			}
		}
		service.Start()
		t.Cleanup(service.Close)
		resp, err := c.Wrap(service.Client(), resource).Get(service.URL)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, 200, resp.StatusCode)
		require.EqualValues(t, 1, connections.Load())
	})
}

func TestTransport(t *testing.T) {
	t.Parallel()
	t.Run("passes CloseIdleConnections to its Base", func(t *testing.T) {
		t.Parallel()
		base := new(closable)
		over(t, imdstest.New(nil), aztoken.Options{}).Wrap(&http.Client{Transport: base}, resource).CloseIdleConnections()
		require.Equal(t, 1, base.closed)
	})
}

func TestWrap(t *testing.T) {
	t.Parallel()
	t.Run("leaves the given client as it was", func(t *testing.T) {
		t.Parallel()
		c := over(t, imdstest.New(nil), aztoken.Options{})
		given := &http.Client{Timeout: time.Second}
		wrapped := c.Wrap(given, resource)
		require.Nil(t, given.Transport)
		require.Equal(t, time.Second, wrapped.Timeout)
		require.NotNil(t, c.Wrap(nil, resource).Transport)
		wrapped.CloseIdleConnections()
	})
	t.Run("authenticates to a real server", func(t *testing.T) {
		t.Parallel()
		imds := imdstest.NewServer(t, nil)
		c, err := aztoken.NewClient(&aztoken.Options{Endpoint: imds.URL})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, c.Close()) })
		service := httptest.NewServer(imds.Protect(resource, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })))
		t.Cleanup(service.Close)
		hc := c.Wrap(service.Client(), resource)
		for range 3 {
			resp, err := hc.Get(service.URL)
			require.NoError(t, err)
			got, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			require.Equal(t, "hello", string(got))
		}
		require.Equal(t, 1, imds.Count())
	})
}

func TestPerRPCCredentials(t *testing.T) {
	t.Parallel()
	t.Run("put the token on a call, over TLS only", func(t *testing.T) {
		t.Parallel()
		c := over(t, imdstest.New(nil), aztoken.Options{})
		tok, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		// what google.golang.org/grpc/credentials calls PerRPCCredentials
		var rpc interface {
			GetRequestMetadata(ctx context.Context, uri ...string) (map[string]string, error)
			RequireTransportSecurity() bool
		} = c.PerRPCCredentials(resource)
		require.True(t, rpc.RequireTransportSecurity())
		metadata, err := rpc.GetRequestMetadata(t.Context(), "https://orders/OrderService")
		require.NoError(t, err)
		require.Equal(t, map[string]string{"authorization": "Bearer " + tok.Value()}, metadata)
		require.NoError(t, c.Close())
		_, err = rpc.GetRequestMetadata(t.Context())
		require.ErrorIs(t, err, aztoken.ErrClosed)
	})
	t.Run("show the resource alone when they are printed", func(t *testing.T) {
		t.Parallel()
		c := over(t, imdstest.New(nil), aztoken.Options{})
		require.NoError(t, c.Warm(t.Context(), resource))
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			require.Equal(t, "aztoken.PerRPCCredentials("+resource+")", fmt.Sprintf(verb, c.PerRPCCredentials(resource)))
		}
	})
}

// cloning is a Base that sends a copy of what it is given, as instrumentation does, or forgets to
// say what it sent.
type cloning struct {
	network
	forgets bool
}

func (b cloning) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.network.RoundTrip(r.Clone(r.Context()))
	if b.forgets && resp != nil {
		resp.Request = nil
	}
	return resp, err
}

// closable counts the calls of CloseIdleConnections.
type closable struct {
	network
	closed int
}

func (c *closable) CloseIdleConnections() { c.closed++ }

// endless is a body without an end.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// bomb is a body that panics when it is read.
type bomb struct{}

func (bomb) Read([]byte) (int, error) { panic("boom") }

// blocked returns a body that never comes.
func blocked() io.Reader {
	r, _ := io.Pipe()
	return r
}
