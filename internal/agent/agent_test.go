package agent_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/internal/agentfile"
)

func clientOptions(upstream *imdstest.Server) policy.ClientOptions {
	return policy.ClientOptions{Transport: upstream}
}

func TestProtocols(t *testing.T) {
	virtually(t, func(t *testing.T) {
		f := start(t, imdstest.New(host()), agentfile.Config{IMDS: true, Identities: []agentfile.Identity{
			{Name: "a", ClientID: clientA, ObjectID: objectA, ResourceID: resourceA},
		}})
		old := f.appService("a", vault, "api-version", "2017-09-01", "clientid", clientA)
		old.Header = http.Header{"Secret": old.Header["X-Identity-Header"]}
		doubled := imdsRequest(vault)
		doubled.URL.Path = "//metadata/identity/oauth2/token/"
		for name, r := range map[string]*http.Request{
			"App Service":                      f.appService("a", vault),
			"App Service by client id":         f.appService("a", vault, "client_id", strings.ToUpper(clientA)),
			"App Service by object id":         f.appService("a", vault, "object_id", objectA),
			"App Service by resource id":       f.appService("a", vault, "mi_res_id", resourceA),
			"App Service of 2017":              old,
			"IMDS":                             imdsRequest(vault),
			"IMDS by resource id":              imdsRequest(vault, "msi_res_id", resourceA),
			"IMDS as .NET spells it":           imdsRequest(vault, "msi-res-id", resourceA),
			"IMDS with Rust's api-version":     imdsRequest(vault, "api-version", "2019-08-01"),
			"IMDS with slashes at both ends":   doubled,
			"a scope in place of a resource":   imdsRequest(vault + "/.default"),
			"capabilities that JS clients add": imdsRequest(vault, "xms_cc", "cp1"),
		} {
			got := f.ask(t, r)
			require.Equal(t, clientA, f.holder(t, got.token(t)), name)
			for _, member := range []string{"expires_on", "expires_in", "not_before"} {
				_, err := strconv.ParseInt(got.members[member].(string), 10, 64)
				require.NoError(t, err, "%s: %s must be a string of digits", name, member)
			}
			for _, member := range []string{"resource", "token_type", "client_id", "ext_expires_in"} {
				require.NotEmpty(t, got.members[member], name)
			}
		}
		require.Equal(t, 1, f.upstream.Count(), "all of them are one token")
	})
}

func TestRefusals(t *testing.T) {
	virtually(t, func(t *testing.T) {
		f := start(t, imdstest.New(host()), agentfile.Config{IMDS: true, Identities: []agentfile.Identity{
			{Name: "a", ClientID: clientA, Allow: []string{vault}},
		}})
		f.upstream.Break(imdstest.Hang()) // nothing here waits for it
		changed := func(r *http.Request, change func(*http.Request)) *http.Request {
			change(r)
			return r
		}
		for name, c := range map[string]struct {
			request *http.Request
			status  int
			says    string
		}{
			"no secret":   {changed(f.appService("a", vault), func(r *http.Request) { r.Header.Del("X-IDENTITY-HEADER") }), 401, "X-IDENTITY-HEADER"},
			"a wrong one": {changed(f.appService("a", vault), func(r *http.Request) { r.Header.Set("X-IDENTITY-HEADER", "x") }), 401, "X-IDENTITY-HEADER"},
			"two":         {changed(f.appService("a", vault), func(r *http.Request) { r.Header.Add("X-IDENTITY-HEADER", "x") }), 401, "X-IDENTITY-HEADER"},
			"the secret by another header": {changed(f.appService("a", vault), func(r *http.Request) {
				r.Header = http.Header{"Secret": r.Header["X-Identity-Header"]}
			}), 401, "X-IDENTITY-HEADER"},
			"a resource that is not allowed": {f.appService("a", storage), 400, "AADSTS500011"},
			"the same over IMDS":             {imdsRequest(storage), 400, "AADSTS500011"},
			"two slashes at the end":         {imdsRequest(vault + "//"), 400, "AADSTS500011"},
			"another identity":               {f.appService("a", vault, "client_id", clientB), 400, `serves "a" to this caller, and not ` + clientB},
			"two ids":                        {imdsRequest(vault, "client_id", clientA, "object_id", objectA), 400, "Only one of"},
			"a resource with blanks":         {imdsRequest("https://a b"), 400, "spaces"},
			"no resource":                    {imdsRequest(""), 400, "resource"},
			"no api-version":                 {imdsRequest(vault, "api-version", ""), 400, ""},
			"a probe":                        {httptest.NewRequest(http.MethodGet, "/metadata/identity/oauth2/token", nil), 400, "metadata header"},
			"Metadata twice":                 {changed(imdsRequest(vault), func(r *http.Request) { r.Header.Add("Metadata", "true") }), 400, "metadata header"},
			"forwarded":                      {changed(imdsRequest(vault), func(r *http.Request) { r.Header.Set("X-Forwarded-For", "10.0.0.1") }), 400, "X-Forwarded-For"},
			"a parameter twice":              {changed(imdsRequest(vault), func(r *http.Request) { r.URL.RawQuery += "&resource=x" }), 400, "more than once"},
			"HEAD":                           {changed(imdsRequest(vault), func(r *http.Request) { r.Method = http.MethodHead }), 405, "GET"},
			"OPTIONS":                        {changed(f.appService("a", vault), func(r *http.Request) { r.Method = http.MethodOptions }), 405, "GET"},
			"Cloud Shell's POST":             {changed(f.appService("a", vault), func(r *http.Request) { r.Method = http.MethodPost }), 405, "GET"},
			"MSAL .NET's probe":              {httptest.NewRequest(http.MethodGet, "/metadata/identity/getplatformmetadata?cred-api-version=2.0", nil), 404, ""},
			"a page that is not there":       {httptest.NewRequest(http.MethodGet, "/", nil), 404, ""},
		} {
			start := time.Now()
			got := f.ask(t, c.request)
			require.Equal(t, c.status, got.status, "%s: %v", name, got.members)
			require.Contains(t, got.text(), c.says, name)
			require.NotContains(t, got.members, "access_token")
			require.Zero(t, time.Since(start), "%s: it waited", name)
		}
		require.Zero(t, f.upstream.Count())
		require.Contains(t, f.log.String(), "reason=not_allowed")
		require.Equal(t, 1, strings.Count(f.log.String(), "protocol=imds caller=192.0.2.1:1234 status=400 reason=not_allowed"), "once a second")
	})
}

func TestWithoutIMDSThereIsNone(t *testing.T) {
	virtually(t, func(t *testing.T) {
		f := start(t, imdstest.New(host()), one(agentfile.Identity{}))
		require.Equal(t, http.StatusNotFound, f.ask(t, imdsRequest(vault)).status)
	})
}

func TestIdentities(t *testing.T) {
	t.Parallel()
	t.Run("each secret gets its own identity and no other", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			f := start(t, imdstest.New(host()), agentfile.Config{Identities: []agentfile.Identity{
				{Name: "a", ClientID: clientA}, {Name: "b", ClientID: clientB, IMDS: true},
			}})
			require.Equal(t, clientA, f.holder(t, f.ask(t, f.appService("a", vault)).token(t)))
			require.Equal(t, clientB, f.holder(t, f.ask(t, f.appService("b", vault)).token(t)))
			require.Equal(t, clientB, f.holder(t, f.ask(t, imdsRequest(vault)).token(t)), "the one that is marked")
			require.Equal(t, http.StatusBadRequest, f.ask(t, f.appService("a", vault, "client_id", clientB)).status)
			require.Equal(t, http.StatusBadRequest, f.ask(t, f.appService("b", vault, "client_id", clientA)).status)
			require.Equal(t, http.StatusBadRequest, f.ask(t, imdsRequest(vault, "client_id", clientA)).status)
		})
	})
	t.Run("without an id of its own, sixteen others that callers name", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			machine := &imdstest.Options{Identities: []imdstest.Identity{{SystemAssigned: true}}}
			id := func(i int) string { return "c0000000-0000-4000-8000-0000000000" + strconv.Itoa(10+i) }
			for i := range 20 {
				machine.Identities = append(machine.Identities, imdstest.Identity{ClientID: id(i)})
			}
			f := start(t, imdstest.New(machine), one(agentfile.Identity{}))
			require.Equal(t, imdstest.DefaultClientID, f.holder(t, f.ask(t, f.appService("default", vault)).token(t)))
			for i := range 20 { // typing mistakes do not fill it
				require.Equal(t, http.StatusBadRequest, f.ask(t, f.appService("default", vault, "client_id", "dead0000-0000-4000-8000-0000000000"+strconv.Itoa(10+i))).status)
			}
			served := 0
			for i := range 20 {
				got := f.ask(t, f.appService("default", vault, "client_id", id(i)))
				if got.status == http.StatusOK {
					served++
					continue
				}
				require.Equal(t, http.StatusBadRequest, got.status)
			}
			require.Equal(t, 16, served)
		})
	})
	t.Run("its clients are listed, its own first and the others by name", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			f := start(t, imdstest.New(host()), one(agentfile.Identity{Name: "machine"}))
			for _, id := range []string{clientB, clientA} {
				f.ask(t, f.appService("machine", vault, "client_id", id)).token(t)
			}
			var names []string
			for _, m := range f.Clients() {
				names = append(names, m.Name)
			}
			require.Equal(t, []string{"machine", clientA, clientB}, names)
		})
	})
	t.Run("an id that the host does not know is told in the host's words, with the id", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			f := start(t, imdstest.New(host()), one(agentfile.Identity{ClientID: "dead0000-0000-4000-8000-000000000001"}))
			got := f.ask(t, f.appService("default", vault))
			require.Equal(t, http.StatusBadRequest, got.status)
			require.Contains(t, got.text(), "Identity not found")
			require.Contains(t, got.text(), "dead0000-0000-4000-8000-000000000001")
			require.NotContains(t, got.text(), "Options.")
		})
	})
}

func TestResources(t *testing.T) {
	t.Parallel()
	t.Run("sixty-four without an allow list, and mistakes do not count", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			machine := host()
			for i := range 70 {
				machine.Resources = append(machine.Resources, "https://r"+strconv.Itoa(i))
			}
			f := start(t, imdstest.New(machine), one(agentfile.Identity{ClientID: clientA, Rate: new(int)}))
			for i := range 100 {
				require.Equal(t, http.StatusBadRequest, f.ask(t, f.appService("default", "https://typo"+strconv.Itoa(i))).status)
			}
			for i := range 70 {
				want := http.StatusOK
				if i >= 64 {
					want = http.StatusBadRequest
				}
				require.Equal(t, want, f.ask(t, f.appService("default", "https://r"+strconv.Itoa(i))).status, i)
			}
			require.False(t, strings.Contains(f.metrics(), "typo"))
			require.Contains(t, f.metrics(), `aztoken_agent_requests_total{identity="default",resource="other",protocol="app_service",result="not_allowed"} 6`)
		})
	})
	t.Run("a slash at the end is allowed, and asked for", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			f := start(t, imdstest.New(host()), one(agentfile.Identity{ClientID: clientA, Allow: []string{vault}}))
			claims, err := f.upstream.Claims(f.ask(t, f.appService("default", vault+"/")).token(t))
			require.NoError(t, err)
			require.Equal(t, vault+"/", claims["aud"])
		})
	})
}

func TestUpstream(t *testing.T) {
	t.Parallel()
	t.Run("a thousand cold callers are one request", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			f := start(t, imdstest.New(host()), one(agentfile.Identity{ClientID: clientA}))
			f.upstream.Break(imdstest.Slow(time.Second))
			var callers sync.WaitGroup
			for range 1000 {
				callers.Go(func() { f.ask(t, f.appService("default", vault)).token(t) })
			}
			callers.Wait()
			require.Equal(t, 1, f.upstream.Count())
		})
	})
	t.Run("a dead one is a 503 after ten seconds, and the flight goes on", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			f := start(t, imdstest.New(host()), agentfile.Config{IMDS: true, Identities: []agentfile.Identity{{ClientID: clientA}}})
			f.upstream.BreakFor(25*time.Second, imdstest.Status(503))
			start := time.Now()
			for _, r := range []*http.Request{f.appService("default", vault), imdsRequest(vault)} {
				got := f.ask(t, r)
				require.Equal(t, http.StatusServiceUnavailable, got.status, got.members)
				require.Equal(t, "2", got.header.Get("Retry-After"))
				if got.header.Get("Server") == "Kestrel" {
					require.Equal(t, 10*time.Second, time.Since(start))
				}
			}
			time.Sleep(30 * time.Second) // nobody asks
			count := f.upstream.Count()
			f.ask(t, f.appService("default", vault)).token(t)
			require.Equal(t, count, f.upstream.Count(), "the token was there")
		})
	})
	t.Run("throttling is a 503, which every SDK tries again", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			f := start(t, imdstest.New(host()), one(agentfile.Identity{ClientID: clientA}))
			f.upstream.Break(imdstest.Status(429))
			require.Equal(t, http.StatusServiceUnavailable, f.ask(t, f.appService("default", vault)).status)
		})
	})
	t.Run("a refusal of Entra has its status and words", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			f := start(t, imdstest.New(host()), agentfile.Config{IMDS: true, Identities: []agentfile.Identity{{ClientID: clientA}}})
			f.upstream.Break(imdstest.EntraRefuses(53003, "Access has been blocked by Conditional Access policies."))
			got := f.ask(t, imdsRequest(vault))
			require.Equal(t, http.StatusBadRequest, got.status)
			require.Contains(t, got.text(), "AADSTS53003: Access has been blocked")
			require.Contains(t, got.text(), clientA)
		})
	})
	t.Run("an outage of twelve hours is met by no caller, with what is left told each time", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			f := start(t, imdstest.New(host()), one(agentfile.Identity{ClientID: clientA}))
			f.ask(t, f.appService("default", vault)).token(t)
			time.Sleep(5 * time.Hour)
			f.upstream.BreakFor(12*time.Hour, imdstest.Dropped())
			left := int64(1 << 40)
			for range 12 {
				got := f.ask(t, f.appService("default", vault))
				got.token(t)
				now, err := strconv.ParseInt(got.members["expires_in"].(string), 10, 64)
				require.NoError(t, err)
				require.Less(t, now, left)
				left = now
				time.Sleep(time.Hour)
			}
			require.Regexp(t, `aztoken_upstream_requests_total\{identity="default",result="error"\} [1-9]`, f.metrics())
			require.Regexp(t, `aztoken_upstream_consecutive_failures\{identity="default",resource="`+vault+`"\} [1-9]`, f.metrics())
		})
	})
	t.Run("a caller that keeps its token until the end finds a fresh one in every outage", func(t *testing.T) {
		t.Parallel()
		for hour := range 24 {
			synctest.Test(t, func(t *testing.T) {
				f := start(t, imdstest.New(host()), one(agentfile.Identity{ClientID: clientA}))
				for day := range 3 {
					first := f.ask(t, f.appService("default", vault))
					first.token(t)
					left, err := strconv.Atoi(first.members["expires_in"].(string))
					require.NoError(t, err)
					require.Greater(t, left, 300, "day %d", day)
					// SDKs ask again at this time.
					end := time.Now().Add(time.Duration(left)*time.Second - 5*time.Minute)
					time.Sleep(time.Duration(hour) * time.Hour)
					f.upstream.BreakFor(12*time.Hour, imdstest.Dropped())
					time.Sleep(time.Until(end))
				}
			})
		}
	})
	t.Run("a caller that never comes back costs some requests and no more", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			f := start(t, imdstest.New(host()), one(agentfile.Identity{ClientID: clientA}))
			f.ask(t, f.appService("default", vault)).token(t)
			time.Sleep(3 * 24 * time.Hour)
			count := f.upstream.Count()
			require.LessOrEqual(t, count, 6)
			time.Sleep(10 * 24 * time.Hour)
			require.Equal(t, count, f.upstream.Count())
		})
	})
	t.Run("a caller that is gone takes nothing with it", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			f := start(t, imdstest.New(host()), one(agentfile.Identity{ClientID: clientA}))
			f.ask(t, f.appService("default", vault).WithContext(canceled()))
			synctest.Wait()
			f.ask(t, f.appService("default", vault)).token(t)
			require.Equal(t, 1, f.upstream.Count())
		})
	})
	t.Run("a caller has a token replaced once a minute", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			machine := host()
			machine.MintAfter = -1
			f := start(t, imdstest.New(machine), one(agentfile.Identity{ClientID: clientA}))
			first := f.ask(t, f.appService("default", vault)).token(t)
			require.NotEqual(t, first, f.ask(t, f.appService("default", vault, "bypass_cache", "true")).token(t))
			for range 50 {
				f.ask(t, f.appService("default", vault, "bypass_cache", "true")).token(t)
			}
			require.Equal(t, 2, f.upstream.Count())
		})
	})
}

func TestRate(t *testing.T) {
	virtually(t, func(t *testing.T) {
		perSecond := 100
		f := start(t, imdstest.New(host()), agentfile.Config{IMDS: true, Identities: []agentfile.Identity{{ClientID: clientA, Rate: &perSecond}}})
		for range 200 { // a start of 200 at once
			f.ask(t, f.appService("default", vault)).token(t)
		}
		got := f.ask(t, f.appService("default", vault))
		require.Equal(t, http.StatusTooManyRequests, got.status)
		require.Equal(t, "1", got.header.Get("Retry-After"))
		f.ask(t, imdsRequest(vault)).token(t) // another caller
		time.Sleep(time.Second)
		for range 100 {
			f.ask(t, f.appService("default", vault)).token(t)
		}
		require.Equal(t, http.StatusTooManyRequests, f.ask(t, f.appService("default", vault)).status)
	})
}

func TestReady(t *testing.T) {
	virtually(t, func(t *testing.T) {
		upstream := imdstest.New(host())
		upstream.BreakFor(20*time.Minute, imdstest.EntraDown())
		f := start(t, upstream, one(agentfile.Identity{ClientID: clientA, Warm: []string{vault}}))
		ready, _ := f.Ready()
		require.False(t, ready)
		time.Sleep(20*time.Minute + 30*time.Second)
		ready, details := f.Ready()
		require.True(t, ready, details)
		upstream.BreakFor(48*time.Hour, imdstest.EntraDown())
		time.Sleep(24 * time.Hour)
		ready, _ = f.Ready()
		require.False(t, ready, "the token has less than five minutes left")
		time.Sleep(25 * time.Hour)
		ready, details = f.Ready()
		require.True(t, ready, "nobody had to ask: %v", details)
	})
}
