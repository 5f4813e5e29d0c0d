package imdstest_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
)

const tenant = imdstest.DefaultTenantID

func header(t *testing.T, token string) map[string]any {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[0])
	require.NoError(t, err)
	var h map[string]any
	require.NoError(t, json.Unmarshal(raw, &h))
	return h
}

func TestTokensHaveTheClaimsOfAManagedIdentity(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		version int
		own     map[string]any
	}{
		"v1 by default": {0, map[string]any{"ver": "1.0", "iss": "https://sts.windows.net/" + tenant + "/",
			"appid": imdstest.DefaultClientID, "appidacr": "2"}},
		"v1": {1, map[string]any{"ver": "1.0", "iss": "https://sts.windows.net/" + tenant + "/",
			"appid": imdstest.DefaultClientID, "appidacr": "2"}},
		"v2": {2, map[string]any{"ver": "2.0", "iss": "https://login.microsoftonline.com/" + tenant + "/v2.0",
			"azp": imdstest.DefaultClientID, "azpacr": "2"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := inMemory(t, &imdstest.Options{TokenVersion: tc.version})
				now := float64(time.Now().Unix())
				token := c.ask(t.Context(), vault).token(t)
				got, err := c.server.Claims(token)
				require.NoError(t, err)
				want := map[string]any{
					"aud": vault, "idp": "https://sts.windows.net/" + tenant + "/", "tid": tenant,
					"oid": imdstest.DefaultObjectID, "sub": imdstest.DefaultObjectID,
					"iat": now - 300, "nbf": now - 300, "exp": now + 86_400,
				}
				for name, value := range tc.own {
					want[name] = value
				}
				for _, opaque := range []string{"aio", "uti", "rh", "xms_ftd", "xms_idrel"} {
					require.NotEmpty(t, got[opaque])
					require.IsType(t, "", got[opaque])
					want[opaque] = got[opaque]
				}
				require.IsType(t, 0.0, got["xms_tcdt"])
				want["xms_tcdt"] = got["xms_tcdt"]
				require.Equal(t, want, got)
				require.Len(t, got["uti"], 22)

				head := header(t, token)
				kid, _ := head["kid"].(string)
				require.Len(t, kid, 27)
				require.Equal(t, map[string]any{"typ": "JWT", "alg": "RS256", "kid": kid, "x5t": kid}, head)
			})
		})
	}
}

func TestTokensHaveTheRolesOfTheirResourceOnly(t *testing.T) {
	t.Parallel()
	c := inMemory(t, &imdstest.Options{Identities: []imdstest.Identity{
		{Roles: map[string][]string{orders: {"Orders.Read", "Orders.Write"}, vault + "/empty": {}}},
	}})
	claims := func(resource string) map[string]any {
		claims, err := c.server.Claims(c.ask(t.Context(), resource).token(t))
		require.NoError(t, err)
		return claims
	}
	require.Equal(t, []any{"Orders.Read", "Orders.Write"}, claims(orders)["roles"])
	require.NotContains(t, claims(vault), "roles")
	require.NotContains(t, claims(vault+"/empty"), "roles")
}

func TestTokensDiffer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := inMemory(t, &imdstest.Options{MintAfter: -1})
		seen := map[string]bool{}
		for range 20 {
			seen[c.ask(t.Context(), vault).token(t)] = true
			seen[c.server.Mint(vault)] = true
		}
		require.Len(t, seen, 40)
	})
}

func TestMintStartsFromTheDefaultIdentity(t *testing.T) {
	t.Parallel()
	user := imdstest.Identity{ClientID: "user"}
	for name, tc := range map[string]struct {
		identities []imdstest.Identity
		client     string
	}{
		"the default":                 {nil, imdstest.DefaultClientID},
		"the system-assigned one":     {[]imdstest.Identity{user, {SystemAssigned: true, ClientID: "system"}}, "system"},
		"the first of several":        {[]imdstest.Identity{user, {}}, "user"},
		"a made-up one where is none": {[]imdstest.Identity{}, imdstest.DefaultClientID},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := imdstest.New(&imdstest.Options{Identities: tc.identities})
			claims, err := server.Claims(server.Mint(vault))
			require.NoError(t, err)
			require.Equal(t, tc.client, claims["appid"])
			require.Equal(t, vault, claims["aud"])
			require.Zero(t, server.Count(), "and leaves nothing in the log")
		})
	}
}

func TestMintTakesEveryEdit(t *testing.T) {
	t.Parallel()
	server := imdstest.New(nil)
	token := server.Mint(vault,
		func(j *imdstest.JWT) { j.Claims["tid"] = "another"; j.Claims["n"] = 1 },
		func(j *imdstest.JWT) { delete(j.Claims, "exp"); j.Claims["n"] = j.Claims["n"].(int) + 1 },
		func(j *imdstest.JWT) { j.Header["nonce"] = "x"; delete(j.Header, "x5t") },
	)
	claims, err := server.Claims(token)
	require.NoError(t, err)
	require.Equal(t, "another", claims["tid"])
	require.EqualValues(t, 2, claims["n"])
	require.NotContains(t, claims, "exp")
	require.Equal(t, "x", header(t, token)["nonce"])
	require.NotContains(t, header(t, token), "x5t")

	require.Equal(t, "none", header(t, server.Mint(vault, func(j *imdstest.JWT) { j.Header["alg"] = "none" }))["alg"])
	require.Panics(t, func() { server.Mint(vault, func(j *imdstest.JWT) { j.Claims["f"] = func() {} }) })
}

func TestMintSignsWhatIsNoTokenToo(t *testing.T) {
	t.Parallel()
	server := imdstest.New(nil)
	kid := header(t, server.Mint(vault))["kid"].(string)
	for name, edit := range map[string]imdstest.JWT{
		"a claim twice":       {Payload: []byte(`{"aud":"a","aud":"b"}`)},
		"two values":          {Payload: []byte(`{"aud":"a"} {"aud":"b"}`)},
		"null":                {Payload: []byte("null")},
		"nothing":             {Payload: []byte{}},
		"no JSON":             {Payload: []byte("\xff\n")},
		"a member twice":      {RawHeader: []byte(`{"alg":"RS256","alg":"none"}`)},
		"a header of its own": {RawHeader: []byte(`{ "kid": "` + kid + `", "alg": "RS256" }`)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var want imdstest.JWT
			token := server.Mint(vault, func(j *imdstest.JWT) {
				j.RawHeader, j.Payload = edit.RawHeader, edit.Payload
				want = *j
			})
			part := func(n int, raw []byte, members map[string]any) {
				got, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[n])
				require.NoError(t, err)
				if raw != nil {
					require.Equal(t, raw, got)
					return
				}
				text, err := json.Marshal(members)
				require.NoError(t, err)
				require.JSONEq(t, string(text), string(got))
			}
			part(0, edit.RawHeader, want.Header)
			part(1, edit.Payload, want.Claims)
			requireSigned(t, server, token)
		})
	}
}

// requireSigned wants a signature by the server's first key, whatever it has signed.
func requireSigned(t *testing.T, server *imdstest.Server, token string) {
	t.Helper()
	c := caller{server, server.Client()}
	var set jose.JSONWebKeySet
	require.NoError(t, json.Unmarshal([]byte(c.get(t, keysPath).body), &set))
	end := strings.LastIndexByte(token, '.')
	signature, err := base64.RawURLEncoding.DecodeString(token[end+1:])
	require.NoError(t, err)
	digest := sha256.Sum256([]byte(token[:end]))
	require.NoError(t, rsa.VerifyPKCS1v15(set.Keys[0].Key.(*rsa.PublicKey), crypto.SHA256, digest[:], signature))
}

func TestClaimsAreOnlyThoseOfATokenThatTheServerSigned(t *testing.T) {
	t.Parallel()
	server := imdstest.New(nil)
	token := server.Mint(vault, func(j *imdstest.JWT) { j.Claims["exp"] = 0 })
	claims, err := server.Claims(token)
	require.NoError(t, err, "expired ones too")
	require.EqualValues(t, 0, claims["exp"])

	parts := strings.Split(token, ".")
	for name, bad := range map[string]string{
		"blank":           "",
		"not a token":     "opaque",
		"no signature":    parts[0] + "." + parts[1] + ".",
		"another payload": parts[0] + "." + parts[1] + "AA." + parts[2],
		"alg none":        server.Mint(vault, func(j *imdstest.JWT) { j.Header["alg"] = "none" }),
		"an unknown key":  server.Mint(vault, func(j *imdstest.JWT) { j.Header["kid"] = "x" }),
	} {
		_, err := server.Claims(bad)
		require.Error(t, err, name)
		if bad != "" {
			require.NotContains(t, err.Error(), bad, "the error must not leak the token")
		}
	}
}
