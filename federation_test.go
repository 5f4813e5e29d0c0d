package aztoken_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/internal/lockedbuffer"
	"github.com/seed-ac726066/aztoken/internal/pipe"
	"github.com/seed-ac726066/aztoken/internal/secret"
	"github.com/seed-ac726066/aztoken/internal/stored"
	"github.com/seed-ac726066/aztoken/tokenstore"
)

const exchangeAudience = "api://AzureADTokenExchange"

// application is the app registration of the fake's tenant, which trusts its default identity.
var application = aztoken.Federation{TenantID: imdstest.DefaultTenantID, ClientID: imdstest.DefaultApplicationID}

// tenantWithApp returns a fake with the application.
func tenantWithApp(t *testing.T, opts imdstest.Options) *imdstest.Server {
	t.Helper()
	if opts.Applications == nil {
		opts.Applications = []imdstest.Application{{}}
	}
	srv := imdstest.New(&opts)
	t.Cleanup(srv.Close)
	return srv
}

// asApp returns a client of srv as the application.
func asApp(t *testing.T, srv *imdstest.Server, opts aztoken.Options) *aztoken.Client {
	t.Helper()
	if opts.Federation == nil {
		opts.Federation = &application
	}
	return over(t, srv, opts)
}

// ciTenant returns a fake with the application, which trusts a CI system.
func ciTenant(t *testing.T) *imdstest.Server {
	t.Helper()
	return tenantWithApp(t, imdstest.Options{Applications: []imdstest.Application{{
		FederatedCredentials: []imdstest.FederatedCredential{{Issuer: "https://ci.example", Subject: "repo:orders"}},
	}}})
}

// assertedBy returns the application with the CI system's assertions.
func assertedBy(srv *imdstest.Server) *aztoken.Federation {
	f := application
	f.Assertion = func(context.Context) (string, error) {
		return srv.Issuer().MintAssertion("https://ci.example", "repo:orders", exchangeAudience) + "\n", nil
	}
	return &f
}

// exchanges counts the requests that srv got for the assertion and those that exchange it.
func exchanges(srv *imdstest.Server) (assertions, tokens int) {
	for _, r := range srv.Requests() {
		if r.Host == "workload identity" {
			tokens++
		} else {
			assertions++
		}
	}
	return assertions, tokens
}

func TestFederationOptions(t *testing.T) {
	t.Parallel()
	assertion := func(context.Context) (string, error) { return "", nil }
	for name, tc := range map[string]struct {
		change func(*aztoken.Options)
		want   string // of the error; "" for none
	}{
		"nothing else":              {func(*aztoken.Options) {}, ""},
		"an identity":               {func(o *aztoken.Options) { o.ID = aztoken.ClientID(imdstest.DefaultClientID) }, ""},
		"a bad identity":            {func(o *aztoken.Options) { o.ID = aztoken.ClientID("orders") }, `"orders"`},
		"an endpoint":               {func(o *aztoken.Options) { o.Endpoint = "http://127.0.0.1:16925" }, ""},
		"an assertion":              {func(o *aztoken.Options) { o.Federation.Assertion = assertion }, ""},
		"an assertion and an id":    {func(o *aztoken.Options) { o.Federation.Assertion, o.ID = assertion, aztoken.ClientID("") }, "Options.ID"},
		"an assertion, an endpoint": {func(o *aztoken.Options) { o.Federation.Assertion, o.Endpoint = assertion, "http://127.0.0.1" }, "Options.Endpoint"},
		"a credential":              {func(o *aztoken.Options) { o.Credential = credential(nil) }, "Options.Credential"},
		"no tenant":                 {func(o *aztoken.Options) { o.Federation.TenantID = "" }, "Options.Federation.TenantID"},
		"any tenant":                {func(o *aztoken.Options) { o.Federation.TenantID = "organizations" }, `Options.Federation.TenantID: "organizations"`},
		"no app":                    {func(o *aztoken.Options) { o.Federation.ClientID = "" }, "Options.Federation.ClientID"},
		"a name for an app":         {func(o *aztoken.Options) { o.Federation.ClientID = "orders-app" }, `"orders-app"`},
		"a cloud":                   {func(o *aztoken.Options) { o.Cloud = cloud.AzureChina }, ""},
		"a cloud without login":     {func(o *aztoken.Options) { o.Cloud.Services = map[cloud.ServiceName]cloud.ServiceConfiguration{"a": {}} }, "Options.Cloud"},
		"a cloud that is none":      {func(o *aztoken.Options) { o.Cloud.ActiveDirectoryAuthorityHost = "login.microsoftonline.com" }, `Options.Cloud: "login.microsoftonline.com"`},
		"an unknown cloud":          {func(o *aztoken.Options) { o.Cloud.ActiveDirectoryAuthorityHost = "https://login.airgap.example/" }, "login.airgap.example"},
		"retries":                   {func(o *aztoken.Options) { o.Retry.MaxRetries = 3 }, "Options.Retry"},
		"a store of this machine":   {func(o *aztoken.Options) { o.Store = storeOn(t, tokenstore.Dir(t.TempDir())) }, ""},
		"a shared store":            {func(o *aztoken.Options) { o.Store = storeOn(t, newMemory()) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := application
			opts := aztoken.Options{Getenv: noHost, Federation: &f}
			tc.change(&opts)
			c, err := aztoken.NewClient(&opts)
			if tc.want != "" {
				require.ErrorContains(t, err, tc.want)
				return
			}
			require.NoError(t, err)
			require.NoError(t, c.Close())
		})
	}
	_, err := aztoken.NewClient(&aztoken.Options{Getenv: noHost, ClientOptions: azcore.ClientOptions{Cloud: cloud.AzureChina}})
	require.ErrorContains(t, err, "Options.Cloud has no effect", "without Federation")
}

func TestFederation(t *testing.T) {
	t.Parallel()
	inVirtualTime(t, "gets the application's tokens, for one assertion", func(t *testing.T) {
		srv := tenantWithApp(t, imdstest.Options{})
		c := asApp(t, srv, aztoken.Options{})
		for _, r := range []string{resource, resource, "https://vault.azure.net"} {
			tok, err := c.Token(t.Context(), r)
			require.NoError(t, err)
			got, err := srv.Claims(tok.Value())
			require.NoError(t, err)
			require.Equal(t, imdstest.DefaultApplicationID, got["appid"])
			require.Equal(t, r, got["aud"])
			require.WithinDuration(t, time.Now().Add(75*time.Minute), tok.ExpiresOn, time.Second)
		}
		assertions, tokens := exchanges(srv)
		require.Equal(t, 1, assertions)
		require.Equal(t, 2, tokens)
	})
	inVirtualTime(t, "asks for the assertion two or three times a day, and for the token every half hour or so", func(t *testing.T) {
		srv := tenantWithApp(t, imdstest.Options{})
		c := asApp(t, srv, aztoken.Options{})
		requireNoHarm(t, use(t, c, 48*time.Hour))
		assertions, tokens := exchanges(srv)
		require.LessOrEqual(t, assertions, 6)
		require.Greater(t, assertions, 3)
		require.Greater(t, tokens, 48*60/38)
		require.Less(t, tokens, 48*60/24)
	})
	inVirtualTime(t, "asks for the assertion as often as Options.Refresh says", func(t *testing.T) {
		srv := tenantWithApp(t, imdstest.Options{})
		requireNoHarm(t, use(t, asApp(t, srv, aztoken.Options{Refresh: aztoken.MaxAge(2 * time.Hour)}), 24*time.Hour))
		assertions, _ := exchanges(srv)
		require.Greater(t, assertions, 11)
	})
	inVirtualTime(t, "does not ask again for an assertion that lives for minutes from the start", func(t *testing.T) {
		srv := tenantWithApp(t, imdstest.Options{TokenLifetime: 3 * time.Minute})
		_, err := asApp(t, srv, aztoken.Options{}).Token(t.Context(), resource)
		require.NoError(t, err)
		require.Equal(t, 2, srv.Count())
	})
	inVirtualTime(t, "lets go of an assertion that nobody needs any more, whoever subscribed to its audience", func(t *testing.T) {
		srv := tenantWithApp(t, imdstest.Options{})
		c := asApp(t, srv, aztoken.Options{})
		defer c.OnRotate(exchangeAudience, func(aztoken.Token) {})()
		_, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		time.Sleep(5 * 24 * time.Hour)
		require.Empty(t, c.Status().Resources)
		assertions, _ := exchanges(srv)
		require.LessOrEqual(t, assertions, 3)
	})
	inVirtualTime(t, "a thousand callers without a token are two requests", func(t *testing.T) {
		srv := tenantWithApp(t, imdstest.Options{})
		errs, _ := callers(t, asApp(t, srv, aztoken.Options{}), 1000, 10*time.Second)
		require.NoError(t, errors.Join(errs...))
		require.Equal(t, 2, srv.Count())
	})
	inVirtualTime(t, "tells of both tokens", func(t *testing.T) {
		srv := tenantWithApp(t, imdstest.Options{})
		var told journal
		c := asApp(t, srv, aztoken.Options{OnEvent: told.note, ID: aztoken.ClientID(imdstest.DefaultClientID)})
		var rotated atomic.Int64
		defer c.OnRotate(exchangeAudience, func(aztoken.Token) { rotated.Add(1) })()
		_, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		synctest.Wait()
		s := c.Status()
		require.Equal(t, imdstest.DefaultApplicationID, s.Identity)
		require.Contains(t, s.Host, "app registration at https://login.microsoftonline.com/"+imdstest.DefaultTenantID)
		require.Contains(t, s.Host, "IMDS at http://169.254.169.254")
		require.Len(t, s.Resources, 2)
		require.Equal(t, resource, s.Resources[0].Resource)
		require.Empty(t, s.Resources[0].Identity)
		require.Equal(t, exchangeAudience, s.Resources[1].Resource)
		require.Equal(t, imdstest.DefaultClientID, s.Resources[1].Identity)
		var of []string
		for _, ev := range told.of(aztoken.EventAcquired) {
			require.Equal(t, aztoken.EventAcquired, ev.Kind)
			of = append(of, ev.Identity+" "+ev.Resource)
		}
		require.Equal(t, []string{imdstest.DefaultClientID + " " + exchangeAudience, imdstest.DefaultApplicationID + " " + resource}, of)
		require.Zero(t, rotated.Load(), "no subscriber gets an assertion")
	})
	inVirtualTime(t, "a tenant in which the application is installed has tokens of its own", func(t *testing.T) {
		const other = "7e000000-0000-4000-8000-000000000002"
		srv := tenantWithApp(t, imdstest.Options{Applications: []imdstest.Application{{Tenants: []string{other}}}})
		c := asApp(t, srv, aztoken.Options{})
		for _, tenant := range []string{"", other, other} {
			got, err := c.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{resource + "/.default"}, TenantID: tenant})
			require.NoError(t, err)
			all, err := srv.Claims(got.Token)
			require.NoError(t, err)
			if tenant == "" {
				tenant = imdstest.DefaultTenantID
			}
			require.Equal(t, tenant, all["tid"])
		}
		assertions, tokens := exchanges(srv)
		require.Equal(t, 1, assertions)
		require.Equal(t, 2, tokens, "each has its own entry")
	})
	inVirtualTime(t, "what is no tenant asks nobody", func(t *testing.T) {
		srv := tenantWithApp(t, imdstest.Options{})
		c := asApp(t, srv, aztoken.Options{})
		_, err := c.Token(t.Context(), resource) // so that there is an assertion
		require.NoError(t, err)
		for _, tenant := range []string{"..", "a/b", "common", "a b", "t\n", "t\x00", "\u00e4", "?", "%2e%2e"} {
			_, err := c.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{resource}, TenantID: tenant})
			require.ErrorContains(t, err, "tenant", tenant)
			require.ErrorContains(t, err, "pass the GUID or a domain of the tenant", tenant)
		}
		require.Equal(t, 2, srv.Count())
	})
	inVirtualTime(t, "a token with EnableCAE is another one", func(t *testing.T) {
		srv := tenantWithApp(t, imdstest.Options{})
		c := asApp(t, srv, aztoken.Options{})
		for range 2 {
			for cae, life := range map[bool]time.Duration{false: 75 * time.Minute, true: 24 * time.Hour} {
				got, err := c.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{resource + "/.default"}, EnableCAE: cae})
				require.NoError(t, err)
				require.WithinDuration(t, time.Now().Add(life), got.ExpiresOn, time.Second)
			}
		}
		_, tokens := exchanges(srv)
		require.Equal(t, 2, tokens)
	})
	inVirtualTime(t, "in any other tenant an administrator has to consent first", func(t *testing.T) {
		srv := tenantWithApp(t, imdstest.Options{Tenants: []string{"7e000000-0000-4000-8000-000000000002"}})
		c := asApp(t, srv, aztoken.Options{})
		_, err := c.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{resource + "/.default"}, TenantID: "7e000000-0000-4000-8000-000000000002"})
		require.ErrorIs(t, err, aztoken.ErrIdentityNotFound)
		require.ErrorContains(t, err, "consented")
	})
	inVirtualTime(t, "an assertion of the program is asked for at each exchange", func(t *testing.T) {
		srv := ciTenant(t)
		asked, f := 0, assertedBy(srv)
		ci := f.Assertion
		f.Assertion = func(ctx context.Context) (string, error) {
			asked++
			return ci(ctx)
		}
		c := asApp(t, srv, aztoken.Options{Federation: f})
		requireNoHarm(t, use(t, c, 12*time.Hour))
		require.Equal(t, srv.Count(), asked)
		require.Greater(t, asked, 12*60/38)
		require.Len(t, c.Status().Resources, 1)
	})
}

// TestFederationTokenFunc: if the audience is not known, as in an air-gapped cloud, a client of the
// identity makes the assertions.
func TestFederationTokenFunc(t *testing.T) {
	t.Parallel()
	inVirtualTime(t, "of a client of the identity", func(t *testing.T) {
		srv := tenantWithApp(t, imdstest.Options{})
		f := application
		f.Assertion = over(t, srv, aztoken.Options{ID: aztoken.ClientID(imdstest.DefaultClientID)}).TokenFunc(exchangeAudience)
		requireNoHarm(t, use(t, asApp(t, srv, aztoken.Options{Federation: &f}), 24*time.Hour))
		assertions, _ := exchanges(srv)
		require.LessOrEqual(t, assertions, 3)
	})
}

// TestFederationOutage: the client's tokens cover an outage of Entra ID for half of the life of the
// application's tokens, and one of the identity endpoint for half of the life of the assertion.
func TestFederationOutage(t *testing.T) {
	t.Parallel()
	outage := func(t *testing.T, life time.Duration, fault imdstest.Fault, start, lasts time.Duration) usage {
		srv := tenantWithApp(t, imdstest.Options{Applications: []imdstest.Application{{TokenLifetime: life}}})
		c := asApp(t, srv, aztoken.Options{})
		requireNoHarm(t, use(t, c, start))
		srv.BreakFor(lasts, fault)
		return use(t, c, lasts+time.Hour)
	}
	for _, fault := range []imdstest.Fault{imdstest.EntraDown(), imdstest.Status(503), imdstest.Hang(), imdstest.Refused()} {
		for start := time.Hour; start < 3*time.Hour; start += 23 * time.Minute {
			inVirtualTime(t, fmt.Sprintf("of Entra ID, %v, after %v", fault, start), func(t *testing.T) {
				requireNoHarm(t, outage(t, time.Hour, fault.ExchangeOnly(), start, 29*time.Minute))
				requireNoHarm(t, outage(t, 90*time.Minute, fault.ExchangeOnly(), start, 44*time.Minute))
			})
			inVirtualTime(t, fmt.Sprintf("of the identity endpoint, %v, after %v", fault, start), func(t *testing.T) {
				requireNoHarm(t, outage(t, time.Hour, fault.EndpointOnly(), start, 12*time.Hour-time.Minute))
			})
		}
	}
	inVirtualTime(t, "of Entra ID for 12 h: calls fail when the token has ended, and are well again at once", func(t *testing.T) {
		u := outage(t, 75*time.Minute, imdstest.EntraDown().ExchangeOnly(), 2*time.Hour, 12*time.Hour)
		require.Greater(t, u.failed, int((12*time.Hour-76*time.Minute)/time.Minute)/2, "it is no cover of 12 h")
		require.Zero(t, u.expired)
	})
	inVirtualTime(t, "of Entra ID for 12 h with EnableCAE, where its tokens live for a day", func(t *testing.T) {
		srv := tenantWithApp(t, imdstest.Options{})
		c := asApp(t, srv, aztoken.Options{})
		opts := policy.TokenRequestOptions{Scopes: []string{resource + "/.default"}, EnableCAE: true}
		first, err := c.GetToken(t.Context(), opts)
		require.NoError(t, err)
		require.WithinDuration(t, time.Now().Add(24*time.Hour), first.ExpiresOn, time.Minute)
		for minute := range 36 * 60 {
			if minute == 11*60 {
				srv.BreakFor(12*time.Hour, imdstest.EntraDown())
			}
			time.Sleep(time.Minute)
			_, err := c.GetToken(t.Context(), opts)
			require.NoError(t, err, "minute %d", minute)
		}
	})
}

// TestFederationRestart: with a store a start needs neither Entra ID nor the identity endpoint
// while the stored tokens are valid.
func TestFederationRestart(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		backend    func(*testing.T) tokenstore.Backend
		keepsThose bool // the assertions too
	}{
		"a directory":    {func(t *testing.T) tokenstore.Backend { return tokenstore.Dir(t.TempDir()) }, true},
		"a shared store": {func(*testing.T) tokenstore.Backend { return newMemory() }, false},
	} {
		inVirtualTime(t, name, func(t *testing.T) {
			srv, backend := tenantWithApp(t, imdstest.Options{}), tc.backend(t)
			start := func() *aztoken.Client {
				return asApp(t, srv, aztoken.Options{Store: storeOn(t, backend), ID: aztoken.ClientID(imdstest.DefaultClientID)})
			}
			first := start()
			_, err := first.Token(t.Context(), resource)
			require.NoError(t, err)
			require.NoError(t, first.Close())
			if shared, ok := backend.(*memory); ok {
				require.Len(t, shared.blobs, 1, "no assertion is in it")
			}

			srv.Break(imdstest.EntraDown())
			second := start()
			atOnce(t, second)
			require.Equal(t, "store", sourceOf(t, second))
			require.NoError(t, second.Close())
			require.Equal(t, 2, srv.Count(), "no request")

			srv.Break(imdstest.Refused().EndpointOnly())
			time.Sleep(6 * time.Hour) // the token has ended, the assertion has not
			third := start()
			_, err = third.Token(t.Context(), resource)
			if tc.keepsThose {
				require.NoError(t, err)
				return
			}
			require.Error(t, err)
		})
	}
}

// TestFederationStored: what is stored under the application's name counts only if it is a token of
// that application, and of its tenant.
func TestFederationStored(t *testing.T) {
	t.Parallel()
	const other = "7e000000-0000-4000-8000-000000000002"
	for name, tc := range map[string]struct {
		app, tenant string
		ask         string // the tenant that is asked for
		isUsed      bool
	}{
		"its own":                          {imdstest.DefaultApplicationID, imdstest.DefaultTenantID, "", true},
		"its own, in capitals":             {strings.ToUpper(imdstest.DefaultApplicationID), strings.ToUpper(imdstest.DefaultTenantID), "", true},
		"another application's":            {imdstest.DefaultClientID, imdstest.DefaultTenantID, "", false},
		"another tenant's":                 {imdstest.DefaultApplicationID, other, "", false},
		"another tenant's, as asked for":   {imdstest.DefaultApplicationID, other, other, true},
		"its own, where another was asked": {imdstest.DefaultApplicationID, imdstest.DefaultTenantID, other, false},
	} {
		inVirtualTime(t, name, func(t *testing.T) {
			srv := tenantWithApp(t, imdstest.Options{Applications: []imdstest.Application{{Tenants: []string{other}}}})
			store := storeOn(t, newMemory())
			value := srv.Mint(resource, func(j *imdstest.JWT) { j.Claims["appid"], j.Claims["tid"] = tc.app, tc.tenant })
			kept := stored.Token{Value: secret.New(value), Acquired: time.Now(), Given: time.Now(), Expires: time.Now().Add(time.Hour)}
			require.NoError(t, store.Save(t.Context(), tokenstore.Entry{
				Host: "app registration", Authority: "https://login.microsoftonline.com/" + imdstest.DefaultTenantID + "/oauth2/v2.0/token",
				Identity: "client " + imdstest.DefaultApplicationID, Resource: resource, Tenant: tc.ask,
			}, kept.Encode(), kept.Expires))
			c := asApp(t, srv, aztoken.Options{Store: store})
			got, err := c.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{resource}, TenantID: tc.ask})
			require.NoError(t, err)
			require.Equal(t, tc.isUsed, got.Token == value)
		})
	}
}

// TestFederationAssertion: an assertion near its end is refreshed first, and used if that fails.
func TestFederationAssertion(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]imdstest.Fault{"that refuses": imdstest.Status(400), "that is down": imdstest.Status(503), "that hangs": imdstest.Hang()} {
		inVirtualTime(t, "near its end, from an endpoint "+name, func(t *testing.T) {
			srv := tenantWithApp(t, imdstest.Options{})
			c := asApp(t, srv, aztoken.Options{})
			_, err := c.Token(t.Context(), resource)
			require.NoError(t, err)
			srv.Break(fault.EndpointOnly())
			// The test regularly asks for a token for another resource, so that assertion and
			// client stay in use.
			for i := range 23 {
				time.Sleep(time.Hour)
				_, err = c.Token(t.Context(), fmt.Sprintf("https://service-%d.example.com", i))
				require.NoError(t, err)
			}
			time.Sleep(58 * time.Minute)
			before, _ := exchanges(srv)
			var late error
			require.LessOrEqual(t, took(func() { _, late = c.Token(t.Context(), "https://late.example.com") }), 11*time.Second)
			require.NoError(t, late)
			after, _ := exchanges(srv)
			require.Greater(t, after, before, "the endpoint was asked")
		})
	}
	inVirtualTime(t, "near its end is refreshed first", func(t *testing.T) {
		srv := tenantWithApp(t, imdstest.Options{})
		c := asApp(t, srv, aztoken.Options{})
		_, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		srv.BreakFor(24*time.Hour-4*time.Minute, imdstest.Status(503).EndpointOnly())
		for i := range 23 {
			time.Sleep(time.Hour)
			_, err = c.Token(t.Context(), fmt.Sprintf("https://service-%d.example.com", i))
			require.NoError(t, err)
		}
		time.Sleep(57 * time.Minute)
		_, err = c.Token(t.Context(), "https://late.example.com")
		require.NoError(t, err)
		time.Sleep(10 * time.Minute)
		atOnce(t, c)
		_, err = c.Token(t.Context(), "https://later.example.com")
		require.NoError(t, err)
	})
}

// TestFederationRefusedAssertion: a cached assertion that Entra does not accept is replaced once,
// in the same call; one that was made for the exchange is not.
func TestFederationRefusedAssertion(t *testing.T) {
	t.Parallel()
	expired := imdstest.EntraRefuses(700024, "The client assertion is not within its valid time range").ExchangeOnly()
	inVirtualTime(t, "from the cache", func(t *testing.T) {
		srv := tenantWithApp(t, imdstest.Options{MintAfter: -1})
		c := asApp(t, srv, aztoken.Options{})
		_, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		time.Sleep(10 * time.Minute)
		srv.Next(expired)
		require.Zero(t, took(func() { _, err = c.Token(t.Context(), "https://vault.azure.net") }))
		require.NoError(t, err)
		assertions, tokens := exchanges(srv)
		require.Equal(t, 2, assertions)
		require.Equal(t, 3, tokens)
	})
	inVirtualTime(t, "from the cache, and the identity endpoint has no other", func(t *testing.T) {
		srv := tenantWithApp(t, imdstest.Options{})
		c := asApp(t, srv, aztoken.Options{})
		_, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		time.Sleep(10 * time.Minute)
		srv.Break(expired)
		_, err = c.Token(t.Context(), "https://vault.azure.net")
		require.ErrorContains(t, err, "AADSTS700024")
		require.ErrorContains(t, err, "old copy")
		assertions, tokens := exchanges(srv)
		require.Equal(t, 2, assertions)
		require.Equal(t, 4, tokens, "three tries")
		srv.Recover()
		time.Sleep(time.Minute)
		atOnce(t, c)
	})
	inVirtualTime(t, "made for the exchange", func(t *testing.T) {
		srv := tenantWithApp(t, imdstest.Options{MintAfter: -1})
		srv.Next(expired)
		c := asApp(t, srv, aztoken.Options{})
		_, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		assertions, tokens := exchanges(srv)
		require.Equal(t, 1, assertions)
		require.Equal(t, 2, tokens)
	})
}

func TestFederationErrors(t *testing.T) {
	t.Parallel()
	tokenOf := func(t *testing.T, c *aztoken.Client) (*aztoken.Error, time.Duration) {
		t.Helper()
		var err error
		spent := took(func() { _, err = c.Token(t.Context(), resource) })
		var e *aztoken.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, resource, e.Resource)
		require.Equal(t, imdstest.DefaultApplicationID, e.Identity)
		return e, spent
	}
	inVirtualTime(t, "the credential is for another identity", func(t *testing.T) {
		srv := tenantWithApp(t, imdstest.Options{Applications: []imdstest.Application{{
			FederatedCredentials: []imdstest.FederatedCredential{{Subject: "0b000000-0000-4000-8000-0000000000ff"}},
		}}})
		e, spent := tokenOf(t, asApp(t, srv, aztoken.Options{}))
		require.Less(t, spent, 15*time.Second)
		require.ErrorIs(t, e, aztoken.ErrIdentityNotFound)
		for _, want := range []string{
			"AADSTS700213", "https://login.microsoftonline.com/" + imdstest.DefaultTenantID + "/v2.0", imdstest.DefaultObjectID, exchangeAudience,
			"aztoken federate --app " + imdstest.DefaultApplicationID,
		} {
			require.ErrorContains(t, e, want)
		}
		require.NotContains(t, e.Error(), "eyJ")
		require.Equal(t, http.StatusUnauthorized, e.StatusCode)
		require.Empty(t, e.Missing)
		require.True(t, strings.HasSuffix(e.Error(), " (Options.Federation)"), e.Error())
	})
	inVirtualTime(t, "the tenant does not have the application", func(t *testing.T) {
		srv := tenantWithApp(t, imdstest.Options{Applications: []imdstest.Application{}})
		e, _ := tokenOf(t, asApp(t, srv, aztoken.Options{}))
		require.ErrorIs(t, e, aztoken.ErrIdentityNotFound)
		require.ErrorContains(t, e, "AADSTS700016")
		require.True(t, strings.HasSuffix(e.Error(), "; correct the client id or the tenant of the app registration (Options.Federation)"), e.Error())
	})
	inVirtualTime(t, "the machine does not have the identity", func(t *testing.T) {
		srv := tenantWithApp(t, imdstest.Options{})
		e, spent := tokenOf(t, asApp(t, srv, aztoken.Options{ID: aztoken.ClientID("c0000000-0000-4000-8000-0000000000ff")}))
		require.Zero(t, spent)
		require.ErrorIs(t, e, aztoken.ErrIdentityNotFound)
		require.Equal(t, "no assertion, which is a token for \""+exchangeAudience+"\" as c0000000-0000-4000-8000-0000000000ff", e.Missing)
		require.ErrorContains(t, e, ": "+e.Missing+": 400 Bad Request")
		require.True(t, strings.HasSuffix(e.Error(), " (Options.ID)"), e.Error())
		require.ErrorContains(t, e, "Identity not found")
		require.ErrorContains(t, e, "assign the identity")
		require.Equal(t, http.StatusBadRequest, e.StatusCode)
		require.NotEmpty(t, e.Advice)
		require.Equal(t, 1, strings.Count(e.Error(), e.Advice))
	})
	inVirtualTime(t, "there is no managed identity here", func(t *testing.T) {
		srv := tenantWithApp(t, imdstest.Options{})
		srv.Break(imdstest.Refused().EndpointOnly())
		c := asApp(t, srv, aztoken.Options{})
		e, spent := tokenOf(t, c)
		require.ErrorIs(t, e, aztoken.ErrNoManagedIdentity)
		require.LessOrEqual(t, spent, 11*time.Second, "a chain goes on")
		require.Equal(t, `no assertion, which is a token for "`+exchangeAudience+`"`, e.Missing)
		require.NotContains(t, e.Error(), "(or set Options.Credential", "which is an error beside Federation")
		require.ErrorContains(t, e, "Options.Federation.Assertion")

		time.Sleep(3 * time.Second) // the failure is not remembered any more
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		srv.BreakFor(40*time.Second, imdstest.Refused().EndpointOnly())
		require.NoError(t, c.Warm(ctx, resource), "Warm waits for an endpoint that comes later")
	})
	inVirtualTime(t, "the pod that makes the assertion has no federated credential", func(t *testing.T) {
		m := on("workload identity").machine(t, imdstest.Options{Applications: []imdstest.Application{{}}})
		m.Break(imdstest.EntraRefuses(700213, "No matching federated identity record found"))
		c, err := m.client(t, aztoken.Options{Federation: &application})
		require.NoError(t, err)
		e, spent := tokenOf(t, c)
		require.ErrorIs(t, e, aztoken.ErrIdentityNotFound)
		require.NotEmpty(t, e.Missing)
		require.Equal(t, 3, m.Count(), "tries for the assertion are not made anew for each try of the exchange")
		require.Less(t, spent, 10*time.Second)
	})
	inVirtualTime(t, "Entra ID is down at the start", func(t *testing.T) {
		srv := tenantWithApp(t, imdstest.Options{})
		srv.BreakFor(30*time.Second, imdstest.Status(503).ExchangeOnly())
		var err error
		spent := took(func() { _, err = asApp(t, srv, aztoken.Options{}).Token(t.Context(), resource) })
		require.NoError(t, err)
		require.LessOrEqual(t, spent, 40*time.Second)
	})
	inVirtualTime(t, "nothing listens at Entra ID's address", func(t *testing.T) {
		srv := ciTenant(t)
		srv.Break(imdstest.Refused())
		e, spent := tokenOf(t, asApp(t, srv, aztoken.Options{Federation: assertedBy(srv)}))
		require.NotErrorIs(t, e, aztoken.ErrNoManagedIdentity, "it is an outage, and a chain stops")
		require.Greater(t, spent, 70*time.Second)
	})
	inVirtualTime(t, "the identity endpoint hangs at the start", func(t *testing.T) {
		srv := tenantWithApp(t, imdstest.Options{})
		srv.Break(imdstest.Hang().EndpointOnly())
		c := asApp(t, srv, aztoken.Options{ID: aztoken.ClientID(imdstest.DefaultClientID), Endpoint: "http://127.0.0.1:16925"})
		e, spent := tokenOf(t, c)
		require.NotErrorIs(t, e, aztoken.ErrNoManagedIdentity)
		require.NotErrorIs(t, e, context.DeadlineExceeded, "no deadline of the caller's ended")
		require.LessOrEqual(t, spent, 80*time.Second)
		require.Greater(t, spent, 70*time.Second, "it goes on trying")
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		_, err := c.Token(ctx, "https://vault.azure.net")
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
	for name, f := range map[string]func(context.Context) (string, error){
		"an error": func(context.Context) (string, error) { return "", errors.New("the CI system is away") },
		"a panic":  func(context.Context) (string, error) { panic("the CI system is away") },
		"another's time": func(context.Context) (string, error) {
			return "", fmt.Errorf("the CI system is away: %w", context.Canceled)
		},
		"no such file": func(context.Context) (string, error) {
			return "", &fs.PathError{Op: "the CI system is away: open", Path: "/token", Err: fs.ErrNotExist}
		},
	} {
		inVirtualTime(t, "an assertion that is "+name, func(t *testing.T) {
			own := application
			own.Assertion = f
			e, _ := tokenOf(t, asApp(t, tenantWithApp(t, imdstest.Options{}), aztoken.Options{Federation: &own}))
			require.ErrorContains(t, e, "the CI system is away")
			require.NotErrorIs(t, e, context.Canceled)
		})
	}
	inVirtualTime(t, "an assertion that does not come", func(t *testing.T) {
		own := application
		own.Assertion = func(ctx context.Context) (string, error) { <-ctx.Done(); return "", ctx.Err() }
		c := asApp(t, tenantWithApp(t, imdstest.Options{}), aztoken.Options{Federation: &own})
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		var err error
		require.Equal(t, 5*time.Second, took(func() { _, err = c.Token(ctx, resource) }))
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

// TestFederationMisbehaving: calls return even if Federation.Assertion misbehaves, and the next one
// that works brings a token.
func TestFederationMisbehaving(t *testing.T) {
	t.Parallel()
	inVirtualTime(t, "one thing after another", func(t *testing.T) {
		srv := ciTenant(t)
		awake := make(awake)
		defer close(awake)
		f := assertedBy(srv)
		good := f.Assertion
		var isWell atomic.Bool
		for _, bad := range []func(context.Context) (string, error){
			func(context.Context) (string, error) { panic(errors.New("a value")) },
			func(context.Context) (string, error) { runtime.Goexit(); return "", nil },
			func(context.Context) (string, error) { return "", (*fs.PathError)(nil) },
			func(context.Context) (string, error) { return "", panicking{} },
			// This ignores the context.
			func(context.Context) (string, error) { awake.sleep(time.Hour); return "", nil },
			func(context.Context) (string, error) { return "\x00", nil },
			func(context.Context) (string, error) { return strings.Repeat("e", 1<<20), nil },
		} {
			isWell.Store(false)
			f.Assertion = func(ctx context.Context) (string, error) {
				if isWell.Load() {
					return good(ctx)
				}
				return bad(ctx)
			}
			c := asApp(t, srv, aztoken.Options{Federation: f})
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			var err error
			require.LessOrEqual(t, took(func() { _, err = c.Token(ctx, resource) }), 5*time.Second)
			require.Error(t, err)
			cancel()
			isWell.Store(true)
			time.Sleep(2 * time.Minute)
			_, err = c.Token(t.Context(), resource)
			require.NoError(t, err)
		}
	})
}

// panicking is an error that panics when it is read.
type panicking struct{}

func (panicking) Error() string { panic("it cannot be read") }

// TestFederationSecrets: nothing shows an assertion or a token, even if something answers in
// Entra's place and echoes the request.
func TestFederationSecrets(t *testing.T) {
	t.Parallel()
	for name, echo := range map[string]func(w http.ResponseWriter, sent string){
		"in a page": func(w http.ResponseWriter, sent string) { _, _ = io.WriteString(w, "<html>"+sent) },
		"in words": func(w http.ResponseWriter, sent string) {
			w.WriteHeader(400)
			_, _ = io.WriteString(w, "got: "+sent+".")
		},
		"in JSON": func(w http.ResponseWriter, sent string) {
			w.WriteHeader(401)
			_, _ = fmt.Fprintf(w, `{"error":%q,"error_description":%[1]q,"correlation_id":%[1]q}`, sent)
		},
		"in an object": func(w http.ResponseWriter, sent string) {
			w.WriteHeader(500)
			_, _ = fmt.Fprintf(w, `{"error":{"code":%q,"message":%[1]q}}`, sent)
		},
		"in headers": func(w http.ResponseWriter, sent string) {
			w.Header().Set("Server", sent)
			w.Header().Set("X-Ms-Request-Id", sent)
			w.WriteHeader(403)
		},
		"as the token, ended": func(w http.ResponseWriter, sent string) {
			_, _ = fmt.Fprintf(w, `{"access_token":%q,"expires_in":0}`, sent)
		},
		"as Entra's own reason": func(w http.ResponseWriter, sent string) {
			w.WriteHeader(400)
			_, _ = fmt.Fprintf(w, `{"error":"invalid_client","error_codes":[700213],"error_description":"AADSTS700213: %s"}`, sent)
		},
	} {
		inVirtualTime(t, name, func(t *testing.T) {
			srv := tenantWithApp(t, imdstest.Options{})
			var assertion string
			var log lockedbuffer.Buffer
			var told journal
			opts := aztoken.Options{Getenv: noHost, Federation: &application, OnEvent: told.note}
			opts.Logger = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
			opts.Logging.IncludeBody = true
			opts.Transport = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
				if r.Method != http.MethodPost {
					return srv.RoundTrip(r)
				}
				body, err := io.ReadAll(r.Body)
				require.NoError(t, err)
				form, err := url.ParseQuery(string(body))
				require.NoError(t, err)
				assertion = form.Get("client_assertion")
				return handlerTransport(func(w http.ResponseWriter, _ *http.Request) { echo(w, assertion) }).RoundTrip(r)
			})}
			c := newClient(t, opts)
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			_, err := c.Token(ctx, resource)
			require.Error(t, err)
			synctest.Wait()
			inJSON, _ := json.Marshal([]any{err, c.Status()})
			shown := fmt.Sprintf("%v %+v %#v %q %v %+v %#v %+v %s %s", err, err, err, err, c, c, c, c.Status(), inJSON, log.String())
			for _, ev := range told.of(aztoken.EventAcquired, aztoken.EventFailed, aztoken.EventRejected, aztoken.EventUnchanged) {
				shown += fmt.Sprintf("%v %+v %#v", ev, ev, ev)
			}
			parts := strings.Split(assertion, ".")
			require.Len(t, parts, 3)
			requireNone(t, append(parts, assertion), shown)
		})
	}
}

// TestFederationClose: Close ends both caches, and requests under way.
func TestFederationClose(t *testing.T) {
	t.Parallel()
	inVirtualTime(t, "with tokens", func(t *testing.T) {
		c := asApp(t, tenantWithApp(t, imdstest.Options{}), aztoken.Options{})
		_, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		require.Len(t, c.Status().Resources, 2)
		require.NoError(t, c.Close())
		require.Empty(t, c.Status().Resources)
	})
	for name, fault := range map[string]imdstest.Fault{"for the assertion": imdstest.Hang().EndpointOnly(), "for the token": imdstest.Hang().ExchangeOnly()} {
		inVirtualTime(t, "with a request under way "+name, func(t *testing.T) {
			srv := tenantWithApp(t, imdstest.Options{})
			srv.Break(fault)
			c := asApp(t, srv, aztoken.Options{})
			done := make(chan error, 1)
			go func() { _, err := c.Token(context.Background(), resource); done <- err }()
			synctest.Wait()
			require.Zero(t, took(func() { require.NoError(t, c.Close()) }))
			require.ErrorIs(t, <-done, aztoken.ErrClosed)
			require.Empty(t, c.Status().Resources)
		})
	}
	inVirtualTime(t, "with an assertion that does not come", func(t *testing.T) {
		awake := make(awake)
		defer close(awake)
		f := application
		f.Assertion = func(context.Context) (string, error) { awake.sleep(time.Hour); return "", nil }
		c, err := aztoken.NewClient(&aztoken.Options{Getenv: noHost, Federation: &f})
		require.NoError(t, err)
		go func() { _, _ = c.Token(context.Background(), resource) }()
		synctest.Wait()
		require.Equal(t, 5*time.Second, took(func() { require.ErrorIs(t, c.Close(), aztoken.ErrStillRunning) }))
	})
	for name, federation := range map[string]func(*imdstest.Server) *aztoken.Federation{
		"both endpoints": func(*imdstest.Server) *aztoken.Federation { return &application },
		"Entra ID":       assertedBy,
	} {
		inVirtualTime(t, "with connections to "+name, func(t *testing.T) {
			srv := tenantWithApp(t, imdstest.Options{Applications: []imdstest.Application{{
				FederatedCredentials: []imdstest.FederatedCredential{{}, {Issuer: "https://ci.example", Subject: "repo:orders"}},
			}}})
			network := pipe.Transport(t, srv, srv.TLSConfig())
			t.Cleanup(srv.Close)
			var opened, closed atomic.Int64
			dial := network.DialContext
			network.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
				opened.Add(1)
				time.Sleep(12 * time.Second) // the caller's dialer has its own limits
				conn, err := dial(ctx, network, address)
				return counted{conn, &closed}, err
			}
			opts := aztoken.Options{Getenv: srv.IMDS().Get, Federation: federation(srv)}
			if opts.Federation.Assertion == nil {
				opts.Endpoint = "http://imds.test"
			}
			opts.Transport = &http.Client{Transport: network}
			c, err := aztoken.NewClient(&opts)
			require.NoError(t, err)
			spent := took(func() { _, err = c.Token(t.Context(), resource) })
			require.NoError(t, err)
			require.NoError(t, c.Close())
			synctest.Wait()
			require.Equal(t, time.Duration(opened.Load())*12*time.Second, spent, "each connection was made once")
			require.Equal(t, opened.Load(), closed.Load())
			require.EqualValues(t, srv.Count(), opened.Load())
		})
	}
}

// counted counts the connections that are closed.
type counted struct {
	net.Conn
	closed *atomic.Int64
}

func (c counted) Close() error {
	c.closed.Add(1)
	return c.Conn.Close()
}

// TestFederationOnEveryHost: every host that has managed identities can make the assertion, with
// each kind of id.
func TestFederationOnEveryHost(t *testing.T) {
	t.Parallel()
	onEveryHost(t, "an application", func(t *testing.T, p platform, id string) {
		fake := twoIdentities
		fake.Applications = []imdstest.Application{{FederatedCredentials: []imdstest.FederatedCredential{{Subject: ids[id].oid}}}}
		m := p.machine(t, fake)
		c, err := m.client(t, aztoken.Options{ID: ids[id].id, Federation: &application})
		require.NoError(t, err)
		tok, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		got, err := m.Claims(tok.Value())
		require.NoError(t, err)
		require.Equal(t, imdstest.DefaultApplicationID, got["appid"])
		require.Equal(t, p.asks+1, m.Count())
		hosts := m.Requests()
		require.True(t, slices.ContainsFunc(hosts, func(r imdstest.Request) bool { return r.Host == "workload identity" }))
	})
}
