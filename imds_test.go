package aztoken_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azlog "github.com/Azure/azure-sdk-for-go/sdk/azcore/log"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
)

func TestIMDSRequest(t *testing.T) {
	t.Parallel()
	t.Run("is as documented, for each kind of ID", func(t *testing.T) {
		t.Parallel()
		for _, tc := range []struct {
			id    aztoken.ID
			query string
		}{
			{nil, "api-version=2018-02-01&resource=https%3A%2F%2Forders.example.com"},
			{aztoken.ClientID("c0000000-0000-4000-8000-000000000001"), "api-version=2018-02-01&client_id=c0000000-0000-4000-8000-000000000001&resource=https%3A%2F%2Forders.example.com"},
			{aztoken.ObjectID("0b000000-0000-4000-8000-000000000001"), "api-version=2018-02-01&object_id=0b000000-0000-4000-8000-000000000001&resource=https%3A%2F%2Forders.example.com"},
			{aztoken.ResourceID("/subscriptions/s"), "api-version=2018-02-01&msi_res_id=%2Fsubscriptions%2Fs&resource=https%3A%2F%2Forders.example.com"},
		} {
			opts := aztoken.Options{ID: tc.id, Getenv: noHost}
			opts.Telemetry.ApplicationID = "orders"
			opts.Transport = handlerTransport(func(w http.ResponseWriter, r *http.Request) {
				require.Equal(t, http.MethodGet, r.Method)
				require.Equal(t, "http://169.254.169.254/metadata/identity/oauth2/token?"+tc.query, r.URL.String())
				require.Equal(t, []string{"true"}, r.Header["Metadata"])
				require.True(t, strings.HasPrefix(r.Header.Get("User-Agent"), "orders azsdk-go-aztoken/v"))
				_, _ = io.WriteString(w, `{"access_token":"token","expires_in":"3600"}`)
			})
			c, err := aztoken.NewClient(&opts)
			require.NoError(t, err)
			_, err = c.Token(t.Context(), resource)
			require.NoError(t, err)
			require.NoError(t, c.Close())
		}
	})
}

// This test changes the environment and so runs alone.
func TestEndpointFromEnvironment(t *testing.T) {
	imds := imdstest.NewServer(t, nil)
	t.Setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", imds.URL+"/")
	c, err := aztoken.NewClient(nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, c.Close()) }()
	_, err = c.Token(t.Context(), resource)
	require.NoError(t, err)
	require.Equal(t, "IMDS at "+imds.URL+" ($AZURE_POD_IDENTITY_AUTHORITY_HOST)", c.Status().Host)

	t.Setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", "not a URL")
	_, err = aztoken.NewClient(nil)
	require.ErrorContains(t, err, "$AZURE_POD_IDENTITY_AUTHORITY_HOST")
	explicit, err := aztoken.NewClient(&aztoken.Options{Endpoint: imds.URL})
	require.NoError(t, err)
	require.NoError(t, explicit.Close())
}

func TestEndpoint(t *testing.T) {
	t.Parallel()
	t.Run("is not asked through the proxy of the given client", func(t *testing.T) {
		t.Parallel()
		imds := imdstest.NewServer(t, nil)
		opts := aztoken.Options{Endpoint: imds.URL}
		opts.Transport = &http.Client{Transport: &http.Transport{Proxy: func(*http.Request) (*url.URL, error) {
			return nil, errors.New("the proxy was asked for")
		}}}
		c, err := aztoken.NewClient(&opts)
		require.NoError(t, err)
		defer func() { require.NoError(t, c.Close()) }()
		_, err = c.Token(t.Context(), resource)
		require.NoError(t, err)
	})
	inVirtualTime(t, "that is silent after it answered, has an outage and is not missing", func(t *testing.T) {
		imds := imdstest.New(nil)
		c := over(t, imds, aztoken.Options{})
		_, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		imds.Break(imdstest.Refused())
		start := time.Now()
		_, err = c.Token(t.Context(), "https://vault.azure.net")
		require.NotErrorIs(t, err, aztoken.ErrNoManagedIdentity)
		require.Greater(t, time.Since(start), time.Minute, "as long as an upgrade may take")
	})
	inVirtualTime(t, "of Entra, that cannot be reached, has an outage and is not missing", func(t *testing.T) {
		m := on("workload identity").machine(t, imdstest.Options{})
		c, err := m.client(t, aztoken.Options{})
		require.NoError(t, err)
		m.Break(imdstest.Refused())
		start := time.Now()
		_, err = c.Token(t.Context(), resource)
		require.Error(t, err)
		require.NotErrorIs(t, err, aztoken.ErrNoManagedIdentity)
		require.Greater(t, time.Since(start), time.Minute, "it is an outage, and may be over")
	})
	t.Run("that replies badly, costs an error that leaves nothing behind", func(t *testing.T) {
		t.Parallel()
		ok := func(body string) imdstest.Fault { return imdstest.Body(200, "application/json", body) }
		faults := map[string]imdstest.Fault{
			"null":           ok(`null`),
			"list":           ok(`[]`),
			"object":         ok(`{}`),
			"empty":          ok(``),
			"HTML":           imdstest.NotJSON(),
			"no token":       ok(`{"expires_in":"3600"}`),
			"empty token":    ok(`{"access_token":"","expires_in":"3600"}`),
			"number":         ok(`{"access_token":1,"expires_in":"3600"}`),
			"space":          ok(`{"access_token":"secret secret","expires_in":"3600"}`),
			"newline":        ok(`{"access_token":"secret\nsecret","expires_in":"3600"}`),
			"pop":            ok(`{"access_token":"secret","expires_in":"3600","token_type":"pop"}`),
			"no expiry":      ok(`{"access_token":"secret"}`),
			"expired":        ok(`{"access_token":"secret","expires_in":"-1"}`),
			"cut JSON":       ok(`{"access_token":"secret","expires_in":"36`),
			"two values":     ok(`{"access_token":"secret","expires_in":"3600"}{}`),
			"cut connection": imdstest.Truncated(),
			"300 MB":         imdstest.Huge(300 << 20),
			"slow body":      imdstest.SlowBody(time.Hour),
		}
		for _, code := range []string{"http://imds.test/elsewhere", "https://thief.example", "//thief.example", "/same"} {
			faults["redirect to "+code] = imdstest.Redirect(code)
		}
		for name, fault := range faults {
			inVirtualTime(t, name, func(t *testing.T) {
				imds := imdstest.New(nil)
				imds.Break(fault)
				c := over(t, imds, aztoken.Options{})
				_, err := c.Token(t.Context(), resource)
				require.Error(t, err)
				require.NotContains(t, err.Error(), "secret")
				require.Len(t, c.Status().Resources, 1, "while its failure counts")
				imds.Recover()
				time.Sleep(5 * time.Second)
				require.Empty(t, c.Status().Resources)
				_, err = c.Token(t.Context(), resource)
				require.NoError(t, err)
			})
		}
	})
	inVirtualTime(t, "that answered with an error, is there", func(t *testing.T) {
		imds := imdstest.New(nil)
		imds.Next(imdstest.Status(503))
		imds.Break(imdstest.Refused())
		c := over(t, imds, aztoken.Options{})
		require.Greater(t, took(func() {
			_, err := c.Token(t.Context(), resource)
			require.Error(t, err)
			require.NotErrorIs(t, err, aztoken.ErrNoManagedIdentity)
		}), time.Minute, "as long as an upgrade may take")
	})
}

func TestSlots(t *testing.T) {
	t.Parallel()
	inVirtualTime(t, "admit four requests at a time", func(t *testing.T) {
		imds := imdstest.New(nil)
		imds.Break(imdstest.Slow(time.Second))
		c := over(t, imds, aztoken.Options{})
		resources := make([]string, 40)
		for i := range resources {
			resources[i] = fmt.Sprintf("https://service-%d.example.com", i)
		}
		require.NoError(t, c.Warm(t.Context(), resources...))
		require.Equal(t, 4, imds.MaxInFlight())
		time.Sleep(48 * time.Hour)
		require.LessOrEqual(t, imds.MaxInFlight(), 4)
	})
	inVirtualTime(t, "are left for callers while background refreshes hang", func(t *testing.T) {
		imds := imdstest.New(&imdstest.Options{MintAfter: -1})
		t.Cleanup(imds.Close)
		c := over(t, imds, aztoken.Options{Refresh: aztoken.MaxAge(time.Minute)})
		require.NoError(t, c.Warm(t.Context(), "https://a", "https://b", "https://c", "https://d", "https://e"))
		imds.BreakFor(time.Minute+time.Second, imdstest.Hang())
		time.Sleep(time.Minute + 2*time.Second) // the least age of a refresh is a minute
		require.Equal(t, 5+3, imds.Count(), "three refreshes hang")
		start := time.Now()
		_, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		require.Zero(t, time.Since(start))
	})
}

func TestID(t *testing.T) {
	t.Parallel()
	t.Run("of a kind that the host does not take, is an error of NewClient", func(t *testing.T) {
		t.Parallel()
		for _, p := range platforms {
			m := p.machine(t, twoIdentities)
			for name, named := range ids {
				_, err := m.client(t, aztoken.Options{ID: named.id})
				if slices.Contains(p.takes, name) {
					require.NoError(t, err, p.name, name)
					continue
				}
				require.ErrorContains(t, err, "aztoken: Options.ID: ", p.name, name)
				require.ErrorContains(t, err, p.name)
				m.requireNoSecret(t, err.Error())
			}
		}
	})
}

func TestEveryHost(t *testing.T) {
	t.Parallel()
	onEveryHost(t, "returns the token of the identity that is asked for", func(t *testing.T, p platform, id string) {
		m := p.machine(t, twoIdentities)
		c, err := m.client(t, aztoken.Options{ID: ids[id].id})
		require.NoError(t, err)
		tok, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		claims, err := tok.UnverifiedClaims()
		require.NoError(t, err)
		require.Equal(t, ids[id].oid, claims.ObjectID)
		require.Equal(t, resource, claims.Audience)
		require.Equal(t, 24*time.Hour, tok.ExpiresOn.Sub(tok.AcquiredOn).Round(time.Second))
		require.Equal(t, p.asks, m.Count())
		for _, r := range m.Requests() {
			require.Equal(t, p.name, r.Host)
		}
		require.Contains(t, c.Status().Host, p.name+" at http")
		m.requireNoSecret(t, fmt.Sprintf("%+v %+v", c, c.Status()))
	})
	t.Run("that answers badly, costs the right error without a secret in it", func(t *testing.T) {
		t.Parallel()
		const soon, ended = time.Duration(0), 75 * time.Second
		for _, tc := range []struct {
			fault  imdstest.Fault
			status int
			after  time.Duration // when a caller without a deadline has its error
			says   string
		}{
			{imdstest.Status(400), 400, soon, "400 Bad Request"},
			{imdstest.Status(401), 401, soon, ""},
			{imdstest.Status(404), 404, ended, "404 Not Found"},
			{imdstest.Status(410), 410, ended, "410 Gone"},
			{imdstest.Status(429).WithRetryAfter(5 * time.Second), 429, ended, "429 Too Many Requests"},
			{imdstest.Body(429, "text/plain", "slow down, please"), 429, ended, "slow down, please"},
			{imdstest.Status(500), 500, ended, "500 Internal Server Error"},
			{imdstest.Hang(), 0, ended, "no answer in time"},
			{imdstest.NotJSON(), 200, soon, "not one JSON object"},
			{imdstest.Redirect("http://thief.test/"), 302, soon, "redirects are not followed"},
			{imdstest.Huge(300 << 20), 0, soon, "larger than 1 MiB"},
		} {
			onEveryHost(t, tc.fault.String(), func(t *testing.T, p platform, id string) {
				m := p.machine(t, twoIdentities)
				var log bytes.Buffer
				c, err := m.client(t, aztoken.Options{
					ID:      ids[id].id,
					Logger:  slog.New(slog.NewTextHandler(&log, nil)),
					OnEvent: func(e aztoken.Event) { m.requireNoSecret(t, fmt.Sprintf("%+v", e)) },
				})
				require.NoError(t, err)
				m.Break(tc.fault)
				after, tries := tc.after, 1
				if p.name == "workload identity" && tc.status == 401 {
					// A replica of the directory may not have the credential yet.
					after, tries = 7*time.Second, 3
				}
				if (p.name == "Service Fabric" || p.name == "Container Instances on Windows") && tc.status == 404 {
					after = soon // it says with a code that this one does not pass
				}

				start := time.Now()
				_, err = c.Token(t.Context(), resource)
				var e *aztoken.Error
				require.ErrorAs(t, err, &e)
				require.Equal(t, tc.status, e.StatusCode)
				require.ErrorContains(t, err, tc.says)
				require.ErrorContains(t, err, p.name+" at http")
				require.LessOrEqual(t, time.Since(start), after)
				if tc.after == soon || after == soon {
					require.Equal(t, tries, m.Count())
				} else {
					require.Greater(t, time.Since(start), ended/2)
				}
				m.requireNoSecret(t, fmt.Sprintf("%v %+v %#v", err, errors.Unwrap(err), e))

				m.Recover()
				time.Sleep(time.Minute)
				_, err = c.Token(t.Context(), resource)
				require.NoError(t, err)
				synctest.Wait()
				m.requireNoSecret(t, log.String())
			})
		}
	})
	onEveryHost(t, "that lacks the identity, costs ErrIdentityNotFound", func(t *testing.T, p platform, id string) {
		opts := imdstest.Options{Identities: []imdstest.Identity{}}
		if id != "default" {
			opts.Identities = []imdstest.Identity{{SystemAssigned: true}}
		}
		m := p.machine(t, opts)
		m.env["DEFAULT_IDENTITY_CLIENT_ID"], m.env["AZURE_CLIENT_ID"] = "c0000000-0000-4000-8000-0000000000ff", "c0000000-0000-4000-8000-0000000000ff"
		c, err := m.client(t, aztoken.Options{ID: ids[id].id})
		require.NoError(t, err)
		_, err = c.Token(t.Context(), resource)
		if p.name == "Cloud Shell" {
			require.Error(t, err, "whoever is signed in there has an identity")
			return
		}
		require.ErrorIs(t, err, aztoken.ErrIdentityNotFound)
		require.ErrorContains(t, err, "; ", "what to do")
	})
	t.Run("may be out of order for half a life of a token", func(t *testing.T) {
		t.Parallel()
		for _, p := range platforms {
			forEachOutage(t, p.name, 6*time.Hour, func(t *testing.T, fault imdstest.Fault, start time.Duration) {
				m := p.machine(t, imdstest.Options{MintAfter: -1})
				c, err := m.client(t, aztoken.Options{})
				require.NoError(t, err)
				requireNoHarm(t, use(t, c, start))
				m.BreakFor(12*time.Hour, fault)
				requireNoHarm(t, use(t, c, 60*time.Hour-start))
				require.LessOrEqual(t, m.Count(), 250*p.asks)
			})
		}
	})
	onEveryHost(t, "that hangs, is asked anew within the same call", func(t *testing.T, p platform, id string) {
		for answered := range p.asks {
			m := p.machine(t, twoIdentities)
			c, err := m.client(t, aztoken.Options{ID: ids[id].id})
			require.NoError(t, err)
			m.Next(append(slices.Repeat([]imdstest.Fault{imdstest.OK()}, answered), imdstest.Hang())...)
			start := time.Now()
			_, err = c.Token(t.Context(), resource)
			require.NoError(t, err)
			require.Less(t, time.Since(start), 40*time.Second, "a request that hangs is given up for another")
		}
	})
	t.Run("has its own advice in its errors", func(t *testing.T) {
		t.Parallel()
		for name, tc := range map[string]struct {
			fault  imdstest.Fault
			advice string
		}{
			"App Service":                    {imdstest.Refused(), "$IDENTITY_ENDPOINT"},
			"Container Instances on Windows": {imdstest.NoDefaultIdentity(), "by its object id"},
			"Azure Arc":                      {imdstest.Refused(), "azcmagent"},
			"Service Fabric":                 {imdstest.Status(404), "IdentityBindingPolicy"},
			"Cloud Shell":                    {imdstest.Refused(), "$MSI_ENDPOINT"},
			"Azure ML":                       {imdstest.Refused(), "$MSI_ENDPOINT"},
			"workload identity":              {imdstest.Status(401), "federated credential"},
		} {
			inVirtualTime(t, name, func(t *testing.T) {
				m := on(name).machine(t, imdstest.Options{})
				c, err := m.client(t, aztoken.Options{})
				require.NoError(t, err)
				m.Break(tc.fault)
				_, err = c.Token(t.Context(), resource)
				require.ErrorContains(t, err, tc.advice)
				if tc.fault == imdstest.Refused() {
					require.ErrorIs(t, err, aztoken.ErrNoManagedIdentity)
				}
			})
		}
	})
	inVirtualTime(t, "has said something by the time a caller gives up, and the error says it", func(t *testing.T) {
		m := on("App Service").machine(t, imdstest.Options{})
		m.Break(imdstest.Refused())
		c, err := m.client(t, aztoken.Options{})
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = c.Token(ctx, resource)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, aztoken.ErrNoManagedIdentity)
		require.ErrorContains(t, err, "connection refused")
		require.ErrorContains(t, err, "$IDENTITY_ENDPOINT: unset it")
	})
	inVirtualTime(t, "with a federated token, may replace that at any time", func(t *testing.T) {
		m := on("workload identity").machine(t, imdstest.Options{})
		c, err := m.client(t, aztoken.Options{})
		require.NoError(t, err)
		tokens := map[string]bool{}
		for range 72 {
			requireNoHarm(t, use(t, c, time.Hour))
			tok, err := c.Token(t.Context(), resource)
			require.NoError(t, err)
			tokens[tok.Value()] = true
			m.RotateFederatedToken()
		}
		require.GreaterOrEqual(t, len(tokens), 6, "each exchange with the token of the hour")
	})
}

// This test listens to azcore's global log and so runs alone.
func TestRequestLog(t *testing.T) {
	var mu sync.Mutex
	var log strings.Builder
	azlog.SetListener(func(_ azlog.Event, message string) {
		mu.Lock()
		defer mu.Unlock()
		log.WriteString(message)
	})
	defer azlog.SetListener(nil)
	for _, p := range platforms {
		m := p.machine(t, twoIdentities)
		opts := aztoken.Options{}
		opts.Logging.IncludeBody = true
		opts.Logging.AllowedHeaders = []string{"Metadata", "Secret", "X-Identity-Header", "Authorization"}
		opts.Logging.AllowedQueryParams = []string{"client_assertion", "token_sha256_to_refresh", "xms_cc"}
		c, err := m.client(t, opts)
		require.NoError(t, err)
		m.Next(imdstest.Redirect("http://thief.test/"))
		_, err = c.Token(t.Context(), resource)
		require.Error(t, err)
		tok, err := c.Token(t.Context(), resource+"/other")
		require.NoError(t, err)
		mu.Lock()
		seen := log.String()
		log.Reset()
		mu.Unlock()
		require.Contains(t, seen, "http", "the log works")
		m.requireNoSecret(t, seen)
		require.NotContains(t, seen, tok.Value())
		if file := m.env["AZURE_FEDERATED_TOKEN_FILE"]; file != "" {
			assertion, err := os.ReadFile(file)
			require.NoError(t, err)
			require.NotContains(t, seen, string(assertion))
		}
		for _, r := range m.Requests() {
			require.NotEqual(t, "/", r.Path, "the redirect was followed")
		}
	}
}

func TestCredential(t *testing.T) {
	t.Parallel()
	t.Run("that panics or exits, costs an error until it is well", func(t *testing.T) {
		t.Parallel()
		for name, misbehave := range map[string]func(){
			"panic":        func() { panic("boom") },
			"runtime":      func() { var none []int; _ = none[len(none)] },
			"Goexit":       runtime.Goexit,
			"panic(error)": func() { panic(errors.New("boom")) },
		} {
			inVirtualTime(t, name, func(t *testing.T) {
				var well bool
				c := ofCredential(t, func(context.Context) (azcore.AccessToken, error) {
					if !well {
						misbehave()
					}
					return azcore.AccessToken{Token: "token", ExpiresOn: time.Now().Add(time.Hour)}, nil
				})
				errs, _ := callers(t, c, 100, time.Minute)
				for _, err := range errs {
					var e *aztoken.Error
					require.ErrorAs(t, err, &e)
					require.NotErrorIs(t, err, context.DeadlineExceeded)
				}
				well = true
				time.Sleep(5 * time.Second)
				_, err := c.Token(t.Context(), resource)
				require.NoError(t, err)
			})
		}
	})
	inVirtualTime(t, "that ignores its context, holds up nobody", func(t *testing.T) {
		stuck := make(chan struct{})
		var calls atomic.Int32
		c := ofCredential(t, func(context.Context) (azcore.AccessToken, error) {
			if calls.Add(1) == 1 {
				<-stuck
			}
			return azcore.AccessToken{Token: "token", ExpiresOn: time.Now().Add(time.Hour)}, nil
		})
		defer close(stuck)
		start := time.Now()
		_, err := c.Token(t.Context(), resource)
		require.Error(t, err)
		require.Less(t, time.Since(start), 2*time.Minute)
		time.Sleep(5 * time.Second)
		_, err = c.Token(t.Context(), resource)
		require.NoError(t, err, "the call that is stuck is not waited for")
	})
	inVirtualTime(t, "that is stuck, is not called again and again", func(t *testing.T) {
		stuck := make(chan struct{})
		var inside atomic.Int32
		c := ofCredential(t, func(context.Context) (azcore.AccessToken, error) {
			inside.Add(1)
			<-stuck
			return azcore.AccessToken{}, context.Canceled
		})
		for range 60 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			_, err := c.Token(ctx, resource)
			cancel()
			require.Error(t, err)
			time.Sleep(time.Minute)
		}
		require.LessOrEqual(t, inside.Load(), int32(4))
		close(stuck)
	})
	t.Run("that returns a bad token, costs an error that does not show it", func(t *testing.T) {
		t.Parallel()
		for name, bad := range map[string]azcore.AccessToken{
			"zero":          {},
			"empty":         {ExpiresOn: time.Now().Add(time.Hour)},
			"no expiry":     {Token: "secret"},
			"expired":       {Token: "secret", ExpiresOn: time.Now().Add(-time.Hour)},
			"not printable": {Token: "secret\r\nX-Injected: 1", ExpiresOn: time.Now().Add(time.Hour)},
		} {
			c := ofCredential(t, func(context.Context) (azcore.AccessToken, error) { return bad, nil })
			_, err := c.Token(t.Context(), resource)
			require.Error(t, err, name)
			require.NotContains(t, err.Error(), "secret", name)
		}
	})
	t.Run("that fails, is told of at once with its cause", func(t *testing.T) {
		t.Parallel()
		cause := errors.New("az login has expired for eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.e30.x")
		c := ofCredential(t, func(context.Context) (azcore.AccessToken, error) { return azcore.AccessToken{}, cause })
		_, err := c.Token(t.Context(), resource)
		require.ErrorIs(t, err, cause)
		require.ErrorContains(t, err, "az login has expired for REDACTED")
	})
	inVirtualTime(t, "that fails with an SDK error, is asked again by its status", func(t *testing.T) {
		var calls int
		c := ofCredential(t, func(context.Context) (azcore.AccessToken, error) {
			if calls++; calls == 1 {
				return azcore.AccessToken{}, &azcore.ResponseError{StatusCode: http.StatusServiceUnavailable, ErrorCode: "down", RawResponse: &http.Response{}}
			}
			return azcore.AccessToken{Token: "token", ExpiresOn: time.Now().Add(time.Hour)}, nil
		})
		_, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		require.Equal(t, 2, calls)
	})
	t.Run("may return a token that ends in a distant year", func(t *testing.T) {
		t.Parallel()
		for name, expires := range map[string]time.Time{
			"the year 2300": time.Date(2300, 1, 1, 0, 0, 0, 0, time.UTC), "the year 9999": time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), "beyond all years": time.Unix(1<<62, 0),
		} {
			inVirtualTime(t, name, func(t *testing.T) {
				asked := 0
				c := ofCredential(t, func(context.Context) (azcore.AccessToken, error) {
					asked++
					return azcore.AccessToken{Token: "static", ExpiresOn: expires}, nil
				})
				requireNoHarm(t, use(t, c, 24*time.Hour))
				require.Equal(t, 1, asked)
			})
		}
	})
	inVirtualTime(t, "whose own time ended, is not mistaken for the end of the caller's", func(t *testing.T) {
		for _, own := range []error{context.Canceled, context.DeadlineExceeded} {
			c := ofCredential(t, func(context.Context) (azcore.AccessToken, error) {
				return azcore.AccessToken{}, fmt.Errorf("sign-in: %w", own)
			})
			_, err := c.Token(t.Context(), resource)
			require.ErrorContains(t, err, "sign-in: "+own.Error())
			require.NotErrorIs(t, err, own)
		}
	})
	inVirtualTime(t, "has time to ask a person", func(t *testing.T) {
		asked := 0
		c := ofCredential(t, func(ctx context.Context) (azcore.AccessToken, error) {
			asked++
			select {
			case <-time.After(45 * time.Second):
				return azcore.AccessToken{Token: "token", ExpiresOn: time.Now().Add(time.Hour)}, nil
			case <-ctx.Done():
				return azcore.AccessToken{}, ctx.Err()
			}
		})
		_, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		require.Equal(t, 1, asked)
	})
}
