package aztoken_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
)

// network is a set of services by scheme and host, without sockets.
type network map[string]http.HandlerFunc

func (n network) RoundTrip(r *http.Request) (*http.Response, error) {
	h := n[r.URL.Scheme+"://"+r.URL.Host]
	if h == nil {
		return nil, errors.New("no such host: " + r.URL.Host)
	}
	return handlerTransport(h).RoundTrip(r)
}

// seen records the Authorization header of each request to a service that answers 200.
type seen struct {
	mu      sync.Mutex
	headers []string
}

func (s *seen) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.headers = append(s.headers, r.Header.Get("Authorization"))
}

func redirect(to string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusTemporaryRedirect) }
}

func TestWhereTheTokenGoes(t *testing.T) {
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
}

// body records that it was closed.
type body struct {
	io.Reader
	closed atomic.Bool
}

func (b *body) Close() error { b.closed.Store(true); return nil }

func TestNoTokenGoesOverHTTP(t *testing.T) {
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
}

func TestTheRequestIsNotChangedAndItsBodyClosedOnError(t *testing.T) {
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
}

func TestARequestWithItsOwnAuthorizationKeepsIt(t *testing.T) {
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
}

func TestTheDeadlineOfARequestEndsItsWaitForAToken(t *testing.T) {
	virtually(t, func(t *testing.T) {
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
}

// picky is a service that refuses some tokens.
type picky struct {
	refuse    func(token string) bool
	challenge string
	mu        sync.Mutex
	tokens    []string
	bodies    []string
}

func (p *picky) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	got, _ := io.ReadAll(r.Body)
	p.mu.Lock()
	defer p.mu.Unlock()
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	p.tokens, p.bodies = append(p.tokens, token), append(p.bodies, string(got))
	if !p.refuse(token) {
		return
	}
	if p.challenge != "" {
		w.Header().Set("WWW-Authenticate", p.challenge)
	}
	w.WriteHeader(http.StatusUnauthorized)
}

func (p *picky) client(t *testing.T, c *aztoken.Client) *http.Client {
	return c.Wrap(&http.Client{Transport: network{"https://api.example.com": p.ServeHTTP}}, resource)
}

func TestARefusedTokenIsReplacedAndTheRequestRepeatedOnceWithItsBody(t *testing.T) {
	t.Parallel()
	imds := imdstest.New(&imdstest.Options{MintAfter: -1})
	c := over(t, imds, aztoken.Options{})
	first, err := c.Token(t.Context(), resource)
	require.NoError(t, err)
	service := &picky{refuse: func(token string) bool { return token == first.Value() }}
	resp, err := service.client(t, c).Post("https://api.example.com/", "text/plain", strings.NewReader("the body"))
	require.NoError(t, err)
	require.Equal(t, 200, resp.StatusCode)
	require.Equal(t, []string{"the body", "the body"}, service.bodies)
	require.NotEqual(t, service.tokens[0], service.tokens[1])
	require.Equal(t, 2, imds.Count())
}

func TestABodyThatCannotBeSentAgainIsNot(t *testing.T) {
	t.Parallel()
	imds := imdstest.New(&imdstest.Options{MintAfter: -1})
	service := &picky{refuse: func(string) bool { return true }}
	hc := service.client(t, over(t, imds, aztoken.Options{}))
	resp, err := hc.Post("https://api.example.com/", "text/plain", io.MultiReader(strings.NewReader("stream")))
	require.NoError(t, err)
	require.Equal(t, 401, resp.StatusCode)
	require.Len(t, service.tokens, 1)
}

func TestWhatCanBeSentAgainAfterARefusal(t *testing.T) {
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
			service := &picky{refuse: func(token string) bool { return token == first.Value() }}
			req, err := http.NewRequest(http.MethodPut, "https://api.example.com/", strings.NewReader("body"))
			require.NoError(t, err)
			tc.request(req)
			resp, err := service.client(t, c).Do(req)
			require.NoError(t, err)
			require.Equal(t, tc.status, resp.StatusCode)
		})
	}
}

// closable counts the calls of CloseIdleConnections.
type closable struct {
	network
	closed int
}

func (c *closable) CloseIdleConnections() { c.closed++ }

func TestCloseIdleConnectionsReachesTheBase(t *testing.T) {
	t.Parallel()
	base := new(closable)
	over(t, imdstest.New(nil), aztoken.Options{}).Wrap(&http.Client{Transport: base}, resource).CloseIdleConnections()
	require.Equal(t, 1, base.closed)
}

func TestAServiceThatRefusesEverythingHammersNobody(t *testing.T) {
	t.Parallel()
	for name, mintAfter := range map[string]time.Duration{"a new token each time": -1, "the platform's cache": 0} {
		t.Run(name, func(t *testing.T) {
			virtually(t, func(t *testing.T) {
				imds := imdstest.New(&imdstest.Options{MintAfter: mintAfter})
				service := &picky{refuse: func(string) bool { return true }}
				hc := service.client(t, over(t, imds, aztoken.Options{}))
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
		})
	}
}

func TestARefusalDuringAnOutageCostsNobodyTheToken(t *testing.T) {
	t.Parallel()
	for _, fault := range outages {
		t.Run(fault.String(), func(t *testing.T) {
			virtually(t, func(t *testing.T) {
				imds := imdstest.New(&imdstest.Options{MintAfter: -1})
				t.Cleanup(imds.Close)
				c := over(t, imds, aztoken.Options{})
				tok, err := c.Token(t.Context(), resource)
				require.NoError(t, err)
				imds.Break(fault)
				service := &picky{refuse: func(string) bool { return true }}
				start := time.Now()
				resp, err := service.client(t, c).Get("https://api.example.com/")
				require.NoError(t, err)
				require.Equal(t, 401, resp.StatusCode)
				require.LessOrEqual(t, time.Since(start), 12*time.Second)
				again, err := c.Token(t.Context(), resource)
				require.NoError(t, err)
				require.Equal(t, tok.Value(), again.Value(), "the next service may like it")
				imds.Recover()
				requireNoHarm(t, use(t, c, 24*time.Hour))
			})
		})
	}
}

func TestAnotherSchemesChallengeIsNotARefusalOfTheToken(t *testing.T) {
	t.Parallel()
	imds := imdstest.New(&imdstest.Options{MintAfter: -1})
	service := &picky{refuse: func(string) bool { return true }, challenge: `Basic realm="x"`}
	resp, err := service.client(t, over(t, imds, aztoken.Options{})).Get("https://api.example.com/")
	require.NoError(t, err)
	require.Equal(t, 401, resp.StatusCode)
	require.Equal(t, 1, imds.Count())
	require.Len(t, service.tokens, 1)
}

func TestWrapLeavesTheGivenClientAsItWas(t *testing.T) {
	t.Parallel()
	c := over(t, imdstest.New(nil), aztoken.Options{})
	given := &http.Client{Timeout: time.Second}
	wrapped := c.Wrap(given, resource)
	require.Nil(t, given.Transport)
	require.Equal(t, time.Second, wrapped.Timeout)
	require.NotNil(t, c.Wrap(nil, resource).Transport)
	wrapped.CloseIdleConnections()
}

func TestAgainstARealServerTheWrappedClientAuthenticates(t *testing.T) {
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
}
