package imdstest_test

import (
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"net/http"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/verify"
)

func ordersOnly() *verify.Options {
	return &verify.Options{Audiences: []string{orders}, AllowRoleless: true}
}

func TestAVerifierOfTheServerTakesItsTokens(t *testing.T) {
	t.Parallel()
	opts := &imdstest.Options{TenantID: "7e000000-0000-4000-8000-0000000000aa"}
	servers := map[string]func(*testing.T) *imdstest.Server{
		"without a socket": func(*testing.T) *imdstest.Server { return imdstest.New(opts) },
		"over a socket":    func(t *testing.T) *imdstest.Server { return imdstest.NewServer(t, opts) },
	}
	for name, open := range servers {
		for with, change := range map[string]func(*verify.Options){
			"defaults":    func(*verify.Options) {},
			"any tenant":  func(o *verify.Options) { o.AnyTenant = true },
			"two tenants": func(o *verify.Options) { o.Tenants = []string{tenant, opts.TenantID} },
		} {
			t.Run(name+", "+with, func(t *testing.T) {
				t.Parallel()
				server := open(t)
				o := ordersOnly()
				change(o)
				claims, err := server.Verifier(t, o).Verify(t.Context(), server.Mint(orders))
				require.NoError(t, err)
				require.Equal(t, opts.TenantID, claims.TenantID)
				require.Equal(t, 1, server.Issuer().Count())
			})
		}
	}
}

func TestAVerifierKeepsTheOptionsThatAreSet(t *testing.T) {
	t.Parallel()
	server := imdstest.New(nil)
	var asked []string
	o := ordersOnly()
	o.Authority = "https://mirror.test/entra"
	o.HTTPClient = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		asked = append(asked, r.URL.String())
		return nil, fmt.Errorf("away")
	})}
	o.Tenants = []string{"7e000000-0000-4000-8000-0000000000bb"}
	v := server.Verifier(t, o)
	require.ErrorIs(t, v.Warm(t.Context()), verify.ErrKeysUnavailable)
	require.NoError(t, v.Close())
	require.Contains(t, asked, "https://mirror.test/entra/7e000000-0000-4000-8000-0000000000bb/v2.0/.well-known/openid-configuration")
	require.Empty(t, server.Issuer().Requests())
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestAVerifierIsClosedWhenTheTestEnds(t *testing.T) {
	t.Parallel()
	server := imdstest.New(nil)
	var v *verify.Verifier
	t.Run("a test", func(t *testing.T) {
		v = server.Verifier(t, ordersOnly())
		_, err := v.Verify(t.Context(), server.Mint(orders))
		require.NoError(t, err)
	})
	_, err := v.Verify(t.Context(), server.Mint(orders))
	require.ErrorIs(t, err, verify.ErrClosed)
}

// A failing is a test that notes that it failed.
type failing struct {
	testing.TB
	message string
}

func (f *failing) Fatalf(format string, args ...any) {
	f.message = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func TestAVerifierWithBadOptionsFailsTheTest(t *testing.T) {
	t.Parallel()
	tb := &failing{TB: t}
	var wg sync.WaitGroup
	wg.Go(func() { imdstest.New(nil).Verifier(tb, &verify.Options{}) })
	wg.Wait()
	require.Contains(t, tb.message, "Options.Audiences is empty")
}

func TestAVerifierTakesAKeyThatTheTestPublished(t *testing.T) {
	t.Parallel()
	server := imdstest.New(nil)
	mine, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	server.Issuer().Publish(imdstest.JWK("mine", &mine.PublicKey))
	v := server.Verifier(t, ordersOnly())
	_, err = v.Verify(t.Context(), server.Mint(orders, func(j *imdstest.JWT) { j.Key = mine; j.Header["kid"] = "mine" }))
	require.NoError(t, err)
	_, err = v.Verify(t.Context(), server.Mint(orders, func(j *imdstest.JWT) { j.Key = mine }))
	require.ErrorIs(t, err, verify.ErrSignature, "it poses as the server's")
}

// A service that verifies tokens lives through what this package can do to it.
func TestAServiceLivesThroughRotationOutageAndPoison(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		imds := imdstest.New(nil)
		v := imds.Verifier(t, ordersOnly())
		check := func(token string) error {
			_, err := v.Verify(t.Context(), token)
			return err
		}
		old := imds.Mint(orders)
		require.NoError(t, check(old))

		imds.Issuer().BreakFor(12*time.Hour, imdstest.EntraDown())
		time.Sleep(11 * time.Hour)
		require.NoError(t, check(imds.Mint(orders)))
		imds.Issuer().Break(imdstest.Body(200, "application/json", `{"keys":[]}`).KeysOnly())
		time.Sleep(4 * time.Hour)
		require.NoError(t, check(imds.Mint(orders)))
		imds.Issuer().Recover()
		time.Sleep(time.Hour)

		fetches := imds.Issuer().Count()
		imds.Issuer().RotateKey()
		time.Sleep(10 * time.Minute)
		require.NoError(t, check(imds.Mint(orders)), "it looks for a key that it does not know")
		require.LessOrEqual(t, imds.Issuer().Count(), fetches+2)
		require.NoError(t, check(old))

		imds.Issuer().WithdrawKeys()
		time.Sleep(3 * time.Hour) // the next fetch, and an hour of answers that lack the key
		require.ErrorIs(t, check(old), verify.ErrSignature)
		require.NoError(t, check(imds.Mint(orders)))
	})
}
