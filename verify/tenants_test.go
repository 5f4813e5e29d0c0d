package verify_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/verify"
)

// perTenant publishes a key for each of two tenants in its own document alone.
func perTenant() *issuer {
	entra := issue()
	entra.fail(onlyKeys(func(r *http.Request) (*http.Response, error) {
		if strings.Contains(r.URL.Path, otherTenant) {
			return answer(r, 200, jwks(second().jwk(map[string]any{"issuer": "https://login.microsoftonline.com/" + otherTenant + "/v2.0"}))), nil
		}
		return answer(r, 200, jwks(first().jwk())), nil
	}))
	return entra
}

func ofOther(changes ...change) string {
	return mint(append(changes, by(second()), of(otherTenant))...)
}

// without makes one tenant's documents end with f.
func without(tenant string, f fault, rest fault) fault {
	return func(r *http.Request) (*http.Response, error) {
		if strings.Contains(r.URL.Path, tenant) {
			return f(r)
		}
		return rest(r)
	}
}

func TestSeveralTenants(t *testing.T) {
	t.Parallel()
	t.Run("have their keys in documents of their own", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			entra := perTenant()
			v := open(t, entra, bothTenants)
			accept(t, v, mint())
			accept(t, v, ofOther())
			require.Equal(t, 2, entra.tries())
			reject(t, v, mint(of(otherTenant)), verify.ErrIssuer) // a key of the first tenant
			require.Equal(t, 2, v.Status().Keys)
		})
	})
	t.Run("may share a key", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			entra := issue()
			entra.fail(onlyKeys(func(r *http.Request) (*http.Response, error) {
				tenant := strings.Split(strings.TrimPrefix(r.URL.Path, "/"), "/")[0]
				return answer(r, 200, jwks(first().jwk(map[string]any{"issuer": "https://login.microsoftonline.com/" + tenant + "/v2.0"}))), nil
			}))
			v := warm(t, entra, bothTenants)
			token := mint()
			verified := accept(t, v, token)
			accept(t, v, mint(of(otherTenant)))
			require.Same(t, verified, accept(t, v, token))
			time.Sleep(3 * time.Hour)
			token = mint()
			verified = accept(t, v, token)
			time.Sleep(time.Minute)
			require.Same(t, verified, accept(t, v, token))
			require.Equal(t, 1, v.Status().Keys)
		})
	})
	for name, dead := range map[string]fault{"answers 400": says(400, ""), "hangs": hangs, "is another's": says(200, "{}")} {
		t.Run("of which one "+name+" spare the others", func(t *testing.T) {
			virtually(t, func(t *testing.T) {
				entra := perTenant()
				entra.fail(without(otherTenant, dead, entra.fault))
				v := open(t, entra, bothTenants)
				began := time.Now()
				accept(t, v, mint())
				require.Zero(t, time.Since(began))
				reject(t, v, unsigned("unknown"), verify.ErrSignature) // of the tenant that answers
				reject(t, v, ofOther(), verify.ErrKeysUnavailable)
				require.NoError(t, v.Warm(t.Context()))
				time.Sleep(72 * time.Hour)
				accept(t, v, mint())
			})
		})
	}
	t.Run("all dead have no keys", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			v := open(t, down(), bothTenants)
			require.ErrorIs(t, v.Warm(t.Context()), verify.ErrKeysUnavailable)
			reject(t, v, mint(), verify.ErrKeysUnavailable)
		})
	})
	t.Run("are no reason to look for the keys of a third", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			entra := perTenant()
			v := warm(t, entra, bothTenants)
			time.Sleep(interval)
			reject(t, v, mint(of(otherTenant[:35]+"3"), head("kid", "unknown")), verify.ErrSignature)
			require.Equal(t, 2, entra.tries())
		})
	})
	t.Run("have their keys in one file", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			path := t.TempDir() + "/keys.json"
			v := warm(t, perTenant(), bothTenants, keyFile(path))
			synctest.Wait()
			require.NoError(t, v.Close())
			time.Sleep(20 * time.Hour)
			v = open(t, down(), bothTenants, keyFile(path))
			accept(t, v, mint())
			accept(t, v, ofOther())
		})
	})
	t.Run("search for an unknown key where its tenant says", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			entra := perTenant()
			v := warm(t, entra, bothTenants)
			time.Sleep(interval)
			reject(t, v, unsigned("unknown"), verify.ErrSignature)
			require.Len(t, entra.asks(otherTenant), 2)
			require.Len(t, entra.asks("/"+tenant), 4)
		})
	})
}

func TestAuthority(t *testing.T) {
	t.Parallel()
	keys := "/" + tenant + "/discovery/v2.0/keys"
	for name, tc := range map[string]struct{ authority, uri, asked string }{
		"that passes Entra's document on":            {"https://mirror.example", "https://login.microsoftonline.com" + keys, "https://mirror.example" + keys},
		"with a path":                                {"https://mirror.example/entra", "https://login.microsoftonline.com" + keys, "https://mirror.example/entra" + keys},
		"with a path and a slash":                    {"https://mirror.example/entra/", "https://login.microsoftonline.com" + keys, "https://mirror.example/entra" + keys},
		"with a port":                                {"https://mirror.example:8443", "https://login.microsoftonline.com" + keys, "https://mirror.example:8443" + keys},
		"on loopback":                                {"http://127.0.0.1:8080", "https://login.microsoftonline.com" + keys, "http://127.0.0.1:8080" + keys},
		"that names itself":                          {"https://mirror.example/entra", "https://mirror.example/elsewhere/keys", "https://mirror.example/elsewhere/keys"},
		"with a query":                               {"https://mirror.example", "https://login.microsoftonline.com" + keys + "?p=x", "https://mirror.example" + keys + "?p=x"},
		"and a jwks_uri that climbs":                 {"https://mirror.example/entra", "https://login.microsoftonline.com/a/../../.." + keys, "https://mirror.example/entra" + keys},
		"and another host":                           {"https://mirror.example", "https://attacker.example" + keys, ""},
		"and another cloud":                          {"https://mirror.example", "https://login.microsoftonline.us" + keys, ""},
		"and Entra over http":                        {"https://mirror.example", "http://login.microsoftonline.com" + keys, ""},
		"and Entra at another port":                  {"https://mirror.example", "https://login.microsoftonline.com:8443" + keys, ""},
		"and Entra with a user":                      {"https://mirror.example", "https://a@login.microsoftonline.com" + keys, ""},
		"and a host that ends like Entra":            {"https://mirror.example", "https://xlogin.microsoftonline.com" + keys, ""},
		"itself at another port is another":          {"https://mirror.example", "https://mirror.example:8443" + keys, ""},
		"on loopback itself at another port as well": {"http://127.0.0.1:8080", "http://127.0.0.1:8081" + keys, ""},
	} {
		t.Run(name, func(t *testing.T) {
			virtually(t, func(t *testing.T) {
				entra := issue(first().jwk())
				entra.discover(config(issuerV2, tc.uri))
				entra.fail(func(r *http.Request) (*http.Response, error) {
					if strings.HasSuffix(r.URL.Path, "/keys") {
						return answer(r, 200, jwks(first().jwk())), nil
					}
					return nil, nil
				})
				v := open(t, entra, authority(tc.authority))
				if tc.asked == "" {
					reject(t, v, mint(), verify.ErrKeysUnavailable)
					require.Len(t, entra.asks(""), 1)
					return
				}
				accept(t, v, mint())
				require.Equal(t, tc.asked, entra.asks("/keys")[0].url)
			})
		})
	}
}

func TestIssuers(t *testing.T) {
	t.Parallel()
	const (
		sovereign = "https://login.sovcloud.example/{tenantid}/v2.0"
		external  = "https://{tenantid}.ciamlogin.com/{tenantid}/v2.0"
	)
	named := func(template string) string { return strings.ReplaceAll(template, "{tenantid}", tenant) }
	for name, tc := range map[string]struct {
		issuers []string
		token   change
		key     map[string]any
		want    error
		tenants edit
	}{
		"of another sovereign cloud": {issuers: []string{sovereign}, token: all(version2, claim("iss", named(sovereign)))},
		"of External ID":             {issuers: []string{external}, token: all(version2, claim("iss", named(external))), key: map[string]any{"issuer": named(external)}},
		"for all tenants":            {issuers: []string{external}, token: all(version2, claim("iss", named(external))), key: map[string]any{"issuer": external}},
		"of version 1":               {issuers: []string{sovereign}, token: claim("iss", named(sovereign))},
		"named":                      {issuers: []string{named(sovereign)}, token: all(version2, claim("iss", named(sovereign)))},
		"the second":                 {issuers: []string{external, sovereign}, token: all(version2, claim("iss", named(sovereign)))},
		"with a key of its cloud":    {issuers: []string{sovereign}, token: all(version2, claim("iss", named(sovereign))), key: map[string]any{"cloud_instance_name": "sovcloud.example", "issuer": sovereign}},
		"with a key of another":      {issuers: []string{sovereign}, token: all(version2, claim("iss", named(sovereign))), key: map[string]any{"cloud_instance_name": "microsoftonline.us", "issuer": sovereign}, want: verify.ErrIssuer},
		"with the public key issuer": {issuers: []string{sovereign}, token: all(version2, claim("iss", named(sovereign))), key: map[string]any{"issuer": issuerV2}, want: verify.ErrIssuer},
		"in place of the cloud's":    {issuers: []string{sovereign}, token: version2, want: verify.ErrIssuer},
		"as the template":            {issuers: []string{sovereign}, token: all(version2, claim("iss", sovereign)), want: verify.ErrIssuer},
		"of another tenant":          {issuers: []string{sovereign}, token: all(version2, claim("iss", strings.ReplaceAll(sovereign, "{tenantid}", otherTenant))), want: verify.ErrIssuer},
		"named, for another tenant":  {issuers: []string{named(sovereign)}, token: all(version2, of(otherTenant), claim("iss", named(sovereign))), want: verify.ErrIssuer, tenants: bothTenants},
		"of version 3":               {issuers: []string{sovereign}, token: all(claim("iss", named(sovereign)), claim("ver", "3.0")), want: verify.ErrIssuer},
	} {
		t.Run(name, func(t *testing.T) {
			virtually(t, func(t *testing.T) {
				key := map[string]any{"issuer": nil}
				if tc.key != nil {
					key = tc.key
				}
				entra := issue(first().jwk(key))
				entra.fail(func(r *http.Request) (*http.Response, error) {
					if strings.HasSuffix(r.URL.Path, "openid-configuration") {
						id := strings.Split(r.URL.Path, "/")[1]
						return answer(r, 200, config(strings.ReplaceAll(tc.issuers[0], "{tenantid}", id), "https://"+r.URL.Host+"/"+id+"/discovery/v2.0/keys")), nil
					}
					return nil, nil
				})
				tenants := tc.tenants
				if tenants == nil {
					tenants = func(*verify.Options) {}
				}
				v := warm(t, entra, tenants, issuers(tc.issuers...), authority("https://login.sovcloud.example"))
				if tc.want == nil {
					accept(t, v, mint(tc.token))
				} else {
					reject(t, v, mint(tc.token), tc.want)
				}
			})
		})
	}
}
