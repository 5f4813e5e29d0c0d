package imdstest_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
)

const keysPath = "/" + tenant + "/discovery/v2.0/keys"

// kids returns the ids of the published keys, in order.
func (c caller) kids(t *testing.T) []string {
	t.Helper()
	got := c.get(t, keysPath)
	require.Equal(t, http.StatusOK, got.status)
	var set struct{ Keys []struct{ Kid string } }
	require.NoError(t, json.Unmarshal([]byte(got.body), &set))
	var kids []string
	for _, k := range set.Keys {
		kids = append(kids, k.Kid)
	}
	return kids
}

// signer returns the id of the key that signs now.
func (c caller) signer(t *testing.T) string {
	t.Helper()
	kid, _ := header(t, c.server.Mint(vault))["kid"].(string)
	return kid
}

func TestRotateKeyKeepsTheKeysBefore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := inMemory(t, nil)
		first := c.signer(t)
		c.server.Issuer().RotateKey()
		second := c.signer(t)
		require.NotEqual(t, first, second)
		require.Equal(t, []string{first, second}, c.kids(t))
		require.Equal(t, second, header(t, c.ask(t.Context(), orders).token(t))["kid"])
	})
}

func TestRotateKeyBeforeTheFirstToken(t *testing.T) {
	t.Parallel()
	c := inMemory(t, nil)
	c.server.Issuer().RotateKey()
	require.Equal(t, c.signer(t), c.kids(t)[1])
}

func TestPublishKeyIsTheNextToSign(t *testing.T) {
	t.Parallel()
	c := inMemory(t, nil)
	c.server.Issuer().PublishKey()
	kids := c.kids(t)
	require.Len(t, kids, 2)
	require.Equal(t, kids[0], c.signer(t))
	c.server.Issuer().RotateKey()
	require.Equal(t, kids[1], c.signer(t))
	require.Equal(t, kids, c.kids(t))
}

func TestWithdrawKeysIsForGood(t *testing.T) {
	t.Parallel()
	c := inMemory(t, nil)
	c.server.Issuer().RotateKey()
	c.server.Issuer().PublishKey()
	c.server.Issuer().Publish(map[string]any{"kid": "mine"})
	withdrawn := c.kids(t)
	require.Len(t, withdrawn, 4)
	signs := c.signer(t)
	c.server.Issuer().WithdrawKeys()
	require.Equal(t, []string{signs}, c.kids(t))
	require.Equal(t, signs, c.signer(t))

	c.server.Issuer().RotateKey()
	require.Equal(t, []string{signs, c.signer(t)}, c.kids(t))
	require.NotContains(t, withdrawn, c.signer(t))
}

func TestWithdrawKeysLetsClaimsReadATokenStill(t *testing.T) {
	t.Parallel()
	c := inMemory(t, nil)
	service := c.server.Protect(orders, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	token := c.server.Mint(orders)
	status := func() int {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		recorder := httptest.NewRecorder()
		service.ServeHTTP(recorder, r)
		return recorder.Code
	}
	c.server.Issuer().RotateKey()
	require.Equal(t, http.StatusOK, status())
	c.server.Issuer().WithdrawKeys()
	require.Equal(t, http.StatusUnauthorized, status())
	claims, err := c.server.Claims(token)
	require.NoError(t, err)
	require.Equal(t, orders, claims["aud"])
}

func TestKeysChangeUnderRequests(t *testing.T) {
	t.Parallel()
	c := inMemory(t, nil)
	var wg sync.WaitGroup
	for _, act := range []func(){
		c.server.Issuer().RotateKey, c.server.Issuer().PublishKey, c.server.Issuer().WithdrawKeys,
		func() { c.server.Issuer().Publish(map[string]any{"kid": "mine"}) },
		func() { c.get(t, keysPath) },
		func() { c.ask(t.Context(), vault) },
	} {
		wg.Go(act)
		wg.Go(func() {
			for range 10 {
				_, err := c.server.Claims(c.server.Mint(vault))
				assert.NoError(t, err)
			}
		})
	}
	wg.Wait()
	require.Contains(t, c.kids(t), c.signer(t))
}

func TestRotateKeyLeavesOtherServersAlone(t *testing.T) {
	t.Parallel()
	c, other := inMemory(t, nil), inMemory(t, nil)
	before := other.signer(t)
	c.server.Issuer().RotateKey()
	token := c.server.Mint(vault)
	require.Equal(t, []string{before}, other.kids(t))
	require.Equal(t, before, other.signer(t))
	_, err := other.server.Claims(token)
	require.Error(t, err)
}

func TestRotateKeyLeavesKeptAndFederatedTokensAlone(t *testing.T) {
	t.Parallel()
	c := inMemory(t, nil)
	t.Cleanup(c.server.Close)
	kept := c.ask(t.Context(), vault).token(t)
	pod := c.server.WorkloadIdentity()
	c.server.Issuer().RotateKey()
	c.server.Issuer().WithdrawKeys()
	require.Equal(t, kept, c.ask(t.Context(), vault).token(t))
	r := hosts["workload identity"].request(t, c, pod, vault)
	require.Equal(t, http.StatusOK, c.send(r).status)
}

func TestPublishTakesAKeyAsItIs(t *testing.T) {
	t.Parallel()
	c := inMemory(t, nil)
	mine := ownKey(t)
	jwk := imdstest.JWK("mine", &mine.PublicKey)
	require.Equal(t, "AQAB", jwk["e"])
	jwk["issuer"] = "https://login.microsoftonline.com/another/v2.0"
	c.server.Issuer().Publish(jwk)
	jwk["kid"] = "changed later"
	c.server.Issuer().Publish(map[string]any{"kid": "odd", "n": 1})
	c.server.Issuer().RotateKey()

	for _, path := range []string{keysPath, "/common/discovery/keys"} {
		var document struct{ Keys []map[string]any }
		require.NoError(t, json.Unmarshal([]byte(c.get(t, path).body), &document))
		require.Len(t, document.Keys, 4)
		jwk["kid"] = "mine"
		require.Equal(t, jwk, document.Keys[2], "behind the server's")
		require.Equal(t, map[string]any{"kid": "odd", "n": 1.0}, document.Keys[3])
	}
	require.Panics(t, func() { c.server.Issuer().Publish(map[string]any{"f": func() {}}) })
}

func TestMintSignsWithAKeyOfTheTestsOwn(t *testing.T) {
	t.Parallel()
	server := imdstest.New(nil)
	mine := ownKey(t)
	token := server.Mint(vault, func(j *imdstest.JWT) { j.Key = mine })
	require.Equal(t, header(t, server.Mint(vault)), header(t, token), "it poses as the server's")
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256})
	require.NoError(t, err)
	require.NoError(t, parsed.Claims(&mine.PublicKey, &jwt.Claims{}))
	_, err = server.Claims(token)
	require.Error(t, err)

	token = server.Mint(vault, func(j *imdstest.JWT) { j.Key = mine; j.Header["kid"] = "mine" })
	require.Equal(t, "mine", header(t, token)["kid"])
	require.Panics(t, func() { server.Mint(vault, func(j *imdstest.JWT) { j.Key = &rsa.PrivateKey{} }) })
}

// ownKey makes an RSA key of a size that is quick to make.
func ownKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	return key
}
