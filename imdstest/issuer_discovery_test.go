package imdstest_test

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
)

func TestDiscoveryLeadsAVerifierToTheKeys(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		version int
		config  string
	}{
		"v1": {1, "/" + tenant + "/.well-known/openid-configuration"},
		"v2": {2, "/" + tenant + "/v2.0/.well-known/openid-configuration"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := imdstest.NewServer(t, &imdstest.Options{TokenVersion: tc.version})
			c := socketCaller(t, server)
			token := c.ask(t.Context(), orders).token(t)

			var config struct {
				Issuer string `json:"issuer"`
				Keys   string `json:"jwks_uri"`
			}
			require.NoError(t, json.Unmarshal([]byte(c.get(t, tc.config).body), &config))
			require.True(t, strings.HasPrefix(config.Keys, server.URL+"/"), config.Keys)
			var keys jose.JSONWebKeySet
			require.NoError(t, json.Unmarshal([]byte(c.get(t, strings.TrimPrefix(config.Keys, server.URL)).body), &keys))

			parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256})
			require.NoError(t, err)
			key := keys.Key(parsed.Headers[0].KeyID)
			require.Len(t, key, 1)
			var claims jwt.Claims
			require.NoError(t, parsed.Claims(key[0].Key, &claims))
			require.NoError(t, claims.ValidateWithLeeway(jwt.Expected{
				Issuer: config.Issuer, AnyAudience: jwt.Audience{orders}, Time: time.Now(),
			}, 0))
		})
	}
}

func TestDiscoveryNamesTheIssuerAndThisServer(t *testing.T) {
	t.Parallel()
	const base = "https://login.test:8443"
	for path, want := range map[string][2]string{
		"/" + tenant + "/.well-known/openid-configuration":                       {"https://sts.windows.net/" + tenant + "/", "/" + tenant + "/discovery/keys"},
		"/" + tenant + "/v2.0/.well-known/openid-configuration":                  {"https://login.microsoftonline.com/" + tenant + "/v2.0", "/" + tenant + "/discovery/v2.0/keys"},
		"/" + strings.ToUpper(tenant) + "/v2.0/.well-known/openid-configuration": {"https://login.microsoftonline.com/" + tenant + "/v2.0", "/" + strings.ToUpper(tenant) + "/discovery/v2.0/keys"},
		"/common/.well-known/openid-configuration":                               {"https://sts.windows.net/{tenantid}/", "/common/discovery/keys"},
		"/common/v2.0/.well-known/openid-configuration":                          {"https://login.microsoftonline.com/{tenantid}/v2.0", "/common/discovery/v2.0/keys"},
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			c := inMemory(t, nil)
			c.server.URL = base
			got := c.get(t, path)
			require.Equal(t, http.StatusOK, got.status)
			require.Equal(t, "application/json; charset=utf-8", got.header.Get("Content-Type"))
			require.Empty(t, got.header.Get("Server"))
			var config map[string]any
			require.NoError(t, json.Unmarshal([]byte(got.body), &config))
			require.Equal(t, want[0], config["issuer"])
			require.Equal(t, base+want[1], config["jwks_uri"])
			for _, required := range []string{"authorization_endpoint", "token_endpoint", "response_types_supported",
				"subject_types_supported", "id_token_signing_alg_values_supported"} {
				require.NotEmpty(t, config[required], required)
			}
		})
	}
}

func TestKeysAreInEntrasForm(t *testing.T) {
	t.Parallel()
	for path, issuer := range map[string]string{
		"/" + tenant + "/discovery/keys":      "",
		"/" + tenant + "/discovery/v2.0/keys": "https://login.microsoftonline.com/" + tenant + "/v2.0",
		"/common/discovery/keys":              "",
		"/common/discovery/v2.0/keys":         "https://login.microsoftonline.com/{tenantid}/v2.0",
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			c := inMemory(t, nil)
			got := c.get(t, path)
			require.Equal(t, http.StatusOK, got.status)
			var set struct{ Keys []map[string]any }
			require.NoError(t, json.Unmarshal([]byte(got.body), &set))
			require.Len(t, set.Keys, 1)
			key := set.Keys[0]
			members := []string{"e", "kid", "kty", "n", "use", "x5c", "x5t"}
			if issuer != "" {
				members = append(members, "issuer")
				require.Equal(t, issuer, key["issuer"])
			}
			require.ElementsMatch(t, members, slices.Collect(mapKeys(key)), "there is no alg")
			require.Equal(t, "RSA", key["kty"])
			require.Equal(t, "sig", key["use"])
			require.Equal(t, "AQAB", key["e"])
			require.Equal(t, key["kid"], key["x5t"])
			require.Equal(t, header(t, c.server.Mint(vault))["kid"], key["kid"])

			der, err := base64.StdEncoding.DecodeString(key["x5c"].([]any)[0].(string))
			require.NoError(t, err)
			certificate, err := x509.ParseCertificate(der)
			require.NoError(t, err)
			n, err := base64.RawURLEncoding.DecodeString(key["n"].(string))
			require.NoError(t, err)
			require.Equal(t, certificate.PublicKey.(*rsa.PublicKey).N.Bytes(), n)
			require.Len(t, n, 256)
		})
	}
}

func mapKeys(m map[string]any) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func TestDiscoveryKnowsItsTenantOnly(t *testing.T) {
	t.Parallel()
	c := inMemory(t, nil)
	for _, path := range []string{"/x/.well-known/openid-configuration", "/x/v2.0/.well-known/openid-configuration",
		"/x/discovery/keys", "/x/discovery/v2.0/keys", "//discovery/keys"} {
		got := c.get(t, path)
		require.Equal(t, http.StatusNotFound, got.status, path)
		require.Equal(t, "invalid_tenant", got.fields(t)["error"])
	}
	require.Zero(t, c.server.Count(), "nor is any of it a token request")
}

func TestDiscoveryTakesGETOnly(t *testing.T) {
	t.Parallel()
	c := inMemory(t, nil)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.server.URL+"/common/discovery/keys", strings.NewReader("x"))
	require.NoError(t, err)
	require.Equal(t, http.StatusMethodNotAllowed, c.send(r).status)
}

func TestDiscoverySuffersFromAnOutageOfEntraOnly(t *testing.T) {
	t.Parallel()
	c := inMemory(t, nil)
	const path = "/common/discovery/v2.0/keys"
	for _, f := range []imdstest.Fault{imdstest.Refused(), imdstest.Hang(), imdstest.Status(500), imdstest.Slow(time.Hour)} {
		c.server.Break(f)
		c.server.Next(f)
		require.Equal(t, http.StatusOK, c.get(t, path).status, f.String())
	}
	c.server.Break(imdstest.EntraDown())
	got := c.get(t, path)
	require.Equal(t, http.StatusServiceUnavailable, got.status)
	require.Equal(t, "temporarily_unavailable", got.fields(t)["error"])
	c.server.Recover()
	c.server.Next(imdstest.EntraDown())
	require.Equal(t, http.StatusOK, c.get(t, path).status, "a script is for token requests")
}
