package verify_test

import (
	"context"
	"encoding/json"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/verify"
)

const root = "https://login.microsoftonline.com/"

func jwks(keys ...any) string {
	document, err := json.Marshal(map[string]any{"keys": keys})
	if err != nil {
		panic(err)
	}
	return string(document)
}

func TestAPoisonedKeyDocumentDoesNotTakeThePlaceOfAGoodOne(t *testing.T) {
	t.Parallel()
	good := jwks(second().jwk())
	for name, document := range map[string]string{
		"no keys": `{"keys":[]}`, "null keys": `{"keys":null}`, "an empty object": `{}`, "null": `null`, "an array": `[]`, "text": `"keys"`, "nothing": ``,
		"HTML": `<html>sign in</html>`, "keys in text": `{"keys":"none"}`, "KEYS for keys": strings.Replace(good, `"keys"`, `"KEYS"`, 1),
		"cut short": good[:len(good)-1], "two documents": good + good, "keys twice": good[:len(good)-1] + `,"keys":[]}`,
		"over 1 MiB": good + strings.Repeat(" ", 1<<20+1-len(good)), "other kinds only": jwks(ecKey, hmacKey, unknownKey), "a key of no kid": jwks(second().jwk(map[string]any{"kid": nil})),
		"weak keys only": jwks(weak().jwk()), "an abyss of brackets": `{"keys":[` + strings.Repeat("[", 200_000) + strings.Repeat("]", 200_000) + `]}`,
	} {
		t.Run(name, func(t *testing.T) {
			virtually(t, func(t *testing.T) {
				entra := issue(first().jwk())
				events := &journal{}
				v := warm(t, entra, events.listen)
				entra.publishText(document)
				time.Sleep(2 * time.Hour)
				accept(t, v, mint())
				require.Len(t, events.of(verify.EventKeysFetched), 1)
				require.NotEmpty(t, events.of(verify.EventKeysFailed))
				require.Error(t, events.of(verify.EventKeysFailed)[0].Err)
				entra.publish(first().jwk(), second().jwk())
				time.Sleep(time.Minute)
				accept(t, v, mint(by(second())))
			})
		})
	}
}

func TestAKeyDocumentMayHaveAMiB(t *testing.T) {
	virtually(t, func(t *testing.T) {
		entra := issue()
		good := jwks(first().jwk())
		entra.publishText(good + strings.Repeat(" ", 1<<20-len(good)))
		accept(t, warm(t, entra), mint())
	})
}

var (
	ecKey      = map[string]any{"kty": "EC", "crv": "P-256", "kid": "first", "use": "sig", "x": "AQ", "y": "AQ"}
	hmacKey    = map[string]any{"kty": "oct", "kid": "second", "k": "c2VjcmV0"}
	unknownKey = map[string]any{"kty": "AKP", "kid": "third", "pub": "AQ"}
)

func TestKeysThatAreNotToBeUsedLeaveTheOthersAlone(t *testing.T) {
	t.Parallel()
	for name, keys := range map[string][]any{
		"of other kinds":        {map[string]any{"kty": "EC", "kid": "bad", "crv": "P-256", "x": "AQ", "y": "AQ"}, unknownKey, 5, "key", nil, []any{}},
		"EC in name":            {bad(second(), "kty", "EC")},
		"rsa in lower case":     {bad(second(), "kty", "rsa")},
		"no kty":                {bad(second(), "kty", nil)},
		"twice":                 {bad(second(), "x", 1), bad(first(), "x", 2)},
		"twice, once of no use": {bad(second(), "x", 1), bad(second(), "use", "enc")},
		"three times":           {bad(second(), "x", 1), bad(first(), "x", 2), bad(second(), "x", 3)},
		"twice, once EC":        {bad(second(), "x", 1), map[string]any{"kty": "EC", "kid": "bad", "crv": "P-256", "x": "AQ", "y": "AQ"}},
		"1024 bits":             {bad(weak(), "x", 1)},
		"e is 1":                {bad(second(), "e", "AQ")},
		"e is 2":                {bad(second(), "e", "Ag")},
		"e is 65536":            {bad(second(), "e", "AQAA")},
		"e is 0":                {bad(second(), "e", "AA")},
		"e is empty":            {bad(second(), "e", "")},
		"no e":                  {bad(second(), "e", nil)},
		"e of 2000 bits":        {bad(second(), "e", strings.Repeat("_", 333))},
		"no n":                  {bad(second(), "n", nil)},
		"n is no base64":        {bad(second(), "n", "!")},
		"n is even":             {bad(second(), "n", second().jwk()["n"].(string)[:341]+"A")},
		"n of 64 KiB":           {bad(second(), "n", strings.Repeat("_", 87382))},
		"n is a number":         {bad(second(), "n", 5)},
		"use enc":               {bad(second(), "use", "enc")},
		"use is a number":       {bad(second(), "use", 1)},
		"key_ops without":       {bad(second(), "key_ops", []string{"encrypt"})},
		"key_ops sign":          {bad(second(), "key_ops", []string{"sign"})},
		"key_ops is empty":      {bad(second(), "key_ops", []string{})},
		"alg of another":        {bad(second(), "alg", "RSA-OAEP")},
		"alg PS256":             {bad(second(), "alg", "PS256")},
		"a member twice":        {json.RawMessage(strings.Replace(text("", bad(second(), "x", 1)), `{`, `{"kty":"RSA",`, 1))},
		"members in uppercase":  {map[string]any{"KTY": "RSA", "KID": "bad", "N": second().jwk()["n"], "E": "AQAB"}},
	} {
		t.Run(name, func(t *testing.T) {
			virtually(t, func(t *testing.T) {
				v := warm(t, issue(append(keys, first().jwk())...))
				accept(t, v, mint())
				signers := map[string]signer{"1024 bits": weak()}
				s, ok := signers[name]
				if !ok {
					s = second()
				}
				s.kid = "bad"
				err := reject(t, v, mint(by(s)), verify.ErrSignature)
				require.ErrorContains(t, err, "one that Entra ID publishes")
				reject(t, v, forgedForExponentOne(s), verify.ErrSignature)
				require.Equal(t, 1, v.KeysHeld())
			})
		})
	}
}

// bad is a key under the id "bad" with a member of another value.
func bad(s signer, name string, value any) map[string]any {
	return s.jwk(map[string]any{"kid": "bad", name: value})
}

func TestMembersOfAKeyThatSayNothingAgainstItDoNoHarm(t *testing.T) {
	t.Parallel()
	for name, members := range map[string]map[string]any{
		"no use": {"use": nil}, "key_ops verify": {"key_ops": []string{"sign", "verify"}}, "no key_ops": {"key_ops": nil}, "alg RS256": {"alg": "RS256"}, "e is 65537 with zeros": {"e": "AAEAAQ"},
		"cloud_instance_name": {"cloud_instance_name": "microsoftonline.com"}, "x5c": {"x5c": []string{"MIIB"}},
	} {
		t.Run(name, func(t *testing.T) {
			virtually(t, func(t *testing.T) { accept(t, warm(t, issue(first().jwk(members))), mint()) })
		})
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	for name, to := range map[string]string{
		"http": "http://login.microsoftonline.com/" + tenant + "/discovery/v2.0/keys", "another host": "https://attacker.example/keys", "a path": "/elsewhere/keys",
		"another port": "https://login.microsoftonline.com:8443/elsewhere/keys",
	} {
		for _, status := range []int{301, 302, 303, 307, 308} {
			for part, failure := range map[string]fault{"discovery": redirects(status, to), "keys": onlyKeys(redirects(status, to))} {
				t.Run(strings.Join([]string{part, name, http.StatusText(status)}, " "), func(t *testing.T) {
					virtually(t, func(t *testing.T) {
						entra := issue(first().jwk())
						entra.fail(failure)
						v := open(t, entra, func(o *verify.Options) { o.HTTPClient.CheckRedirect = nil })
						reject(t, v, mint(), verify.ErrKeysUnavailable)
						for _, r := range entra.asks("") {
							require.Contains(t, []string{root + tenant + "/v2.0/.well-known/openid-configuration", root + tenant + "/discovery/v2.0/keys"}, r.url)
						}
					})
				})
			}
		}
	}
}

func TestADiscoveryDocumentMustBeOfTheTenantAndItsHost(t *testing.T) {
	t.Parallel()
	keys := root + tenant + "/discovery/v2.0/keys"
	for name, document := range map[string]string{
		"keys on another host":       config(issuerV2, "https://attacker.example/"+tenant+"/discovery/v2.0/keys"),
		"keys on a host below":       config(issuerV2, "https://login.microsoftonline.com.attacker.example/discovery/v2.0/keys"),
		"keys of another cloud":      config(issuerV2, "https://login.microsoftonline.us/"+tenant+"/discovery/v2.0/keys"),
		"keys on another port":       config(issuerV2, "https://login.microsoftonline.com:8443/"+tenant+"/discovery/v2.0/keys"),
		"keys over http":             config(issuerV2, "http://login.microsoftonline.com/"+tenant+"/discovery/v2.0/keys"),
		"keys with a user":           config(issuerV2, "https://a@login.microsoftonline.com/"+tenant+"/discovery/v2.0/keys"),
		"keys without a host":        config(issuerV2, "/"+tenant+"/discovery/v2.0/keys"),
		"keys of no address":         config(issuerV2, "https://%zz"),
		"keys in a file":             config(issuerV2, "file:///etc/keys"),
		"no keys":                    `{"issuer":"` + issuerV2 + `"}`,
		"JWKS_URI for jwks_uri":      `{"issuer":"` + issuerV2 + `","JWKS_URI":"` + keys + `"}`,
		"jwks_uri twice":             `{"issuer":"` + issuerV2 + `","jwks_uri":"` + keys + `","jwks_uri":"` + keys + `"}`,
		"another tenant's issuer":    config("https://login.microsoftonline.com/"+otherTenant+"/v2.0", keys),
		"another cloud's issuer":     config("https://login.microsoftonline.us/"+tenant+"/v2.0", keys),
		"somebody's issuer":          config("https://attacker.example/"+tenant+"/v2.0", keys),
		"the template as the issuer": config(template, keys),
		"no issuer":                  `{"jwks_uri":"` + keys + `"}`,
		"null":                       `null`,
		"an array":                   `[]`,
		"over 1 MiB":                 config(issuerV2, keys) + strings.Repeat(" ", 1<<20),
	} {
		t.Run(name, func(t *testing.T) {
			virtually(t, func(t *testing.T) {
				entra := issue(first().jwk())
				entra.discover(document)
				v := open(t, entra)
				reject(t, v, mint(), verify.ErrKeysUnavailable)
				require.Len(t, entra.asks(""), 1)
				entra.discover("")
				time.Sleep(time.Second)
				accept(t, v, mint())
			})
		})
	}
}

func TestKeysComeFromTheConfiguredCloudAndNowhereElse(t *testing.T) {
	t.Parallel()
	const path = "/v2.0/.well-known/openid-configuration"
	for name, tc := range map[string]struct {
		options edit
		asked   []string
	}{
		"one tenant":     {func(*verify.Options) {}, []string{root + tenant + path, root + tenant + "/discovery/v2.0/keys"}},
		"upper case":     {func(o *verify.Options) { o.Tenants[0] = strings.ToUpper(tenant) }, []string{root + tenant + path, root + tenant + "/discovery/v2.0/keys"}},
		"any tenant":     {anyTenant, []string{root + "common" + path, root + "common/discovery/v2.0/keys"}},
		"two tenants":    {bothTenants, []string{root + tenant + path, root + tenant + "/discovery/v2.0/keys", root + otherTenant + path, root + otherTenant + "/discovery/v2.0/keys"}},
		"US Government":  {in(verify.USGovernment), []string{"https://login.microsoftonline.us/" + tenant + path, "https://login.microsoftonline.us/" + tenant + "/discovery/v2.0/keys"}},
		"China":          {in(verify.China), []string{"https://login.partner.microsoftonline.cn/" + tenant + path, "https://login.partner.microsoftonline.cn/" + tenant + "/discovery/v2.0/keys"}},
		"claims mapping": {func(o *verify.Options) { o.AppID = clientID }, []string{root + tenant + path + "?appid=" + clientID, root + tenant + "/discovery/v2.0/keys?appid=" + clientID}},
		"an app of any":  {func(o *verify.Options) { anyTenant(o); o.AppID = clientID }, []string{root + "common" + path + "?appid=" + clientID, root + "common/discovery/v2.0/keys?appid=" + clientID}},
		"an odd app":     {func(o *verify.Options) { o.AppID = "a&b=c" }, []string{root + tenant + path + "?appid=a%26b%3Dc", root + tenant + "/discovery/v2.0/keys?appid=a%26b%3Dc"}},
		"three the same": {func(o *verify.Options) { o.Tenants = []string{tenant, strings.ToUpper(tenant), tenant} }, []string{root + tenant + path, root + tenant + "/discovery/v2.0/keys"}},
	} {
		t.Run(name, func(t *testing.T) {
			virtually(t, func(t *testing.T) {
				entra := issue(first().jwk())
				warm(t, entra, tc.options)
				var asked []string
				for _, r := range entra.asks("") {
					asked = append(asked, r.url)
				}
				require.ElementsMatch(t, tc.asked, asked)
			})
		})
	}
}

func TestAMirrorServesTheKeysOfTheCloudsIssuer(t *testing.T) {
	virtually(t, func(t *testing.T) {
		const mirror = "https://mirror.example:8443/entra"
		entra := issue(first().jwk())
		entra.discover(config(issuerV2, mirror+"/"+tenant+"/discovery/v2.0/keys"))
		v := warm(t, entra, func(o *verify.Options) { o.Authority = mirror })
		accept(t, v, mint())
		require.Len(t, entra.asks(mirror+"/"+tenant), 2)
	})
}

func TestTheQueryOfJwksURIIsKept(t *testing.T) {
	virtually(t, func(t *testing.T) {
		entra := issue(first().jwk())
		entra.discover(config(issuerV2, root+tenant+"/discovery/v2.0/keys?p=policy"))
		warm(t, entra, func(o *verify.Options) { o.AppID = clientID })
		require.Equal(t, root+tenant+"/discovery/v2.0/keys?appid="+clientID+"&p=policy", entra.asks("/keys")[0].url)
	})
}

func TestWarmGetsTheKeysOnce(t *testing.T) {
	virtually(t, func(t *testing.T) {
		entra := issue(first().jwk())
		v := open(t, entra)
		synctest.Wait()
		require.Empty(t, entra.asks(""), "New does no I/O")
		for range 3 {
			require.NoError(t, v.Warm(t.Context()))
		}
		accept(t, v, mint())
		require.Equal(t, 1, entra.fetches())
	})
}

func TestWarmSaysThatThereAreNoKeysAndTheVerifierGoesOnTrying(t *testing.T) {
	virtually(t, func(t *testing.T) {
		entra := issue(first().jwk())
		entra.fail(hangs)
		v := open(t, entra)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := v.Warm(ctx)
		require.ErrorIs(t, err, verify.ErrKeysUnavailable)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, time.Second, time.Since(start))
		require.ErrorIs(t, v.Warm(t.Context()), verify.ErrKeysUnavailable)
		require.Equal(t, limit, time.Since(start))
		var e *verify.Error
		require.ErrorAs(t, v.Warm(t.Context()), &e)
		require.Equal(t, limit, time.Since(start), "in the pause nobody waits")
		entra.fail(nil)
		time.Sleep(time.Second)
		synctest.Wait()
		require.NoError(t, v.Warm(t.Context()))
		accept(t, v, mint())
	})
}

func TestCloseEndsAFetchAndWhoWaitsForIt(t *testing.T) {
	virtually(t, func(t *testing.T) {
		entra := issue(first().jwk())
		entra.fail(hangs)
		v := open(t, entra)
		ended := make(chan error)
		for range 3 {
			go func() { _, err := v.Verify(t.Context(), mint()); ended <- err }()
		}
		go func() { ended <- v.Warm(t.Context()) }()
		synctest.Wait()
		require.NoError(t, v.Close())
		for range 4 {
			require.ErrorIs(t, <-ended, verify.ErrClosed)
		}
		require.Zero(t, time.Since(start))
	})
}

func TestAfterCloseEveryCallIsToldSo(t *testing.T) {
	t.Parallel()
	for name, use := range map[string]func(*testing.T, *verify.Verifier){
		"before the first call": func(*testing.T, *verify.Verifier) {},
		"with keys":             func(t *testing.T, v *verify.Verifier) { accept(t, v, mint()) },
	} {
		t.Run(name, func(t *testing.T) {
			virtually(t, func(t *testing.T) {
				entra := issue(first().jwk())
				events := &journal{}
				v := open(t, entra, events.listen)
				use(t, v)
				token := mint()
				require.NoError(t, v.Close())
				require.NoError(t, v.Close())
				asked := len(entra.asks(""))
				for _, token := range []string{token, unsigned("unknown"), "", "a.b.c"} {
					reject(t, v, token, verify.ErrClosed)
				}
				require.ErrorIs(t, v.Warm(t.Context()), verify.ErrClosed)
				time.Sleep(48 * time.Hour)
				require.Len(t, entra.asks(""), asked)
				require.Empty(t, events.of(verify.EventRejected))
			})
		})
	}
}

// What a service hands to the verifier must not be able to stop its fetches.
func TestCallbacksThatDoNotReturnStopNoFetch(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(){"panic": func() { panic("boom") }, "Goexit": runtime.Goexit} {
		for where, options := range map[string]edit{
			"OnEvent": func(o *verify.Options) { o.OnEvent = func(verify.Event) { end() } },
			"HTTPClient": func(o *verify.Options) {
				o.HTTPClient = &http.Client{Transport: &ending{next: o.HTTPClient.Transport, end: end}}
			},
		} {
			t.Run(where+" "+name, func(t *testing.T) {
				virtually(t, func(t *testing.T) {
					entra := issue(first().jwk())
					v := open(t, entra, options)
					ctx, cancel := context.WithTimeout(t.Context(), 60*time.Hour)
					defer cancel()
					_, _ = v.Verify(ctx, mint()) // whose fetch may be the one that ends
					time.Sleep(time.Minute)
					for range 2 {
						_, err := v.Verify(ctx, mint())
						require.NoError(t, err)
						time.Sleep(25 * time.Hour)
					}
					require.GreaterOrEqual(t, entra.fetches(), 49)
				})
			})
		}
	}
}

// ending does not return from its first request of every twenty.
type ending struct {
	next http.RoundTripper
	end  func()
	n    int
}

func (e *ending) RoundTrip(r *http.Request) (*http.Response, error) {
	if e.n++; e.n%20 == 1 {
		e.end()
	}
	return e.next.RoundTrip(r)
}
