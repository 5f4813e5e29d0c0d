package extauth_test

import (
	"net/http"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
)

const readers = head + "rules:\n- {path: /, require: [{roles: [reader]}]}\n- {path: /public/, open: true}\n"

func TestOutage(t *testing.T) {
	t.Parallel()
	t.Run("of a day refuses nobody, and the guard is restarted in it", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			entra := entraID()
			c := configured(t, "key_file: "+filepath.Join(t.TempDir(), "keys.json")+"\n"+readers)
			f := start(t, entra, c)
			synctest.Wait()
			entra.Issuer().BreakFor(24*time.Hour, imdstest.EntraDown())
			for asked := range 24*6 - 1 {
				time.Sleep(10 * time.Minute)
				if asked%18 == 17 {
					f.Close()
					f = start(t, entra, c)
				}
				// Not a cached token: a new one each time.
				w := f.ask(t, question(entra.Mint(audience), "GET", "/orders"))
				require.Equal(t, http.StatusOK, w.Code, "%d: %v", asked, f.log)
				ready := f.Readiness()
				require.True(t, ready.Ready, ready)
				require.Equal(t, map[bool]string{false: "entra", true: "key file"}[asked >= 17], ready.KeySource)
			}
			time.Sleep(20 * time.Minute)
			require.Equal(t, http.StatusOK, f.ask(t, question(entra.Mint(audience), "GET", "/orders")).Code)
			ready := f.Readiness()
			require.Equal(t, "entra", ready.KeySource)
		})
	})
	t.Run("that lasts longer than the keys is 503 for tokens alone, until they are back", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			f := start(t, entraID(), configured(t, readers))
			synctest.Wait()
			f.entra.Issuer().Break(imdstest.EntraDown())
			good := f.entra.Mint(audience, claim("exp", time.Now().Add(48*time.Hour).Unix()))
			time.Sleep(24*time.Hour - 6*time.Minute)
			ready := f.Readiness()
			require.True(t, ready.Ready)
			require.EqualValues(t, 6*60, ready.ExpiresIn)
			time.Sleep(2 * time.Minute)
			require.Equal(t, http.StatusOK, f.ask(t, question(good, "GET", "/")).Code)
			ready = f.Readiness()
			require.False(t, ready.Ready, "a load balancer has five minutes")
			time.Sleep(5 * time.Minute)
			w := f.ask(t, question(good, "GET", "/"))
			require.Equal(t, http.StatusServiceUnavailable, w.Code)
			seconds, err := strconv.Atoi(w.Header().Get("Retry-After"))
			require.NoError(t, err)
			require.Positive(t, seconds)
			require.LessOrEqual(t, seconds, 60)
			require.Contains(t, f.metrics(), "aztoken_keys 0\n")
			require.Contains(t, f.metrics(), "aztoken_keys_fetch_failing 1\n")
			require.NotContains(t, f.metrics(), "aztoken_keys_expiry")
			f.counted(t, "/", "unavailable", "1")
			require.Equal(t, http.StatusUnauthorized, f.ask(t, question("", "GET", "/")).Code, "no token is no matter of keys")
			require.Equal(t, http.StatusOK, f.ask(t, question("", "GET", "/public/")).Code)
			require.Equal(t, http.StatusForbidden, f.ask(t, question(good, "GET", "/../")).Code)
			ready = f.Readiness()
			require.False(t, ready.Ready)
			require.Zero(t, ready.ExpiresIn)

			f.entra.Issuer().Recover()
			time.Sleep(time.Minute)
			require.Equal(t, http.StatusOK, f.ask(t, question(good, "GET", "/")).Code)
			ready = f.Readiness()
			require.True(t, ready.Ready)
		})
	})
	t.Run("in which it starts without a key file is 503 within ten seconds, also where Entra hangs", func(t *testing.T) {
		for name, fault := range map[string]imdstest.Fault{"down": imdstest.EntraDown(), "silent": imdstest.Hang(), "HTML": imdstest.Body(200, "text/html", "<html>")} {
			t.Run(name, func(t *testing.T) {
				virtually(t, func(t *testing.T) {
					entra := entraID()
					entra.Issuer().Break(fault)
					f := start(t, entra, configured(t, readers))
					began := time.Now()
					require.Equal(t, http.StatusServiceUnavailable, f.ask(t, question(entra.Mint(audience), "GET", "/")).Code)
					require.LessOrEqual(t, time.Since(began), 10*time.Second)
					synctest.Wait()
					ready := f.Readiness()
					require.False(t, ready.Ready)
					require.NotEmpty(t, ready.LastError)
					entra.Issuer().Recover()
					time.Sleep(2 * time.Minute)
					ready = f.Readiness()
					require.True(t, ready.Ready, "nobody has asked meanwhile")
				})
			})
		}
	})
	t.Run("leaves good tokens their connections, whoever makes keys up while Entra is silent", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			f := start(t, entraID(), configured(t, readers))
			synctest.Wait()
			good, unseen := f.entra.Mint(audience), f.entra.Mint(audience, claim("extra", "x"))
			f.entra.Issuer().Break(imdstest.Hang())
			f.entra.Issuer().RotateKey()
			unknown := f.entra.Mint(audience)
			began := time.Now()
			var asked sync.WaitGroup
			var waited, refused atomic.Int64
			for range 1000 {
				asked.Go(func() {
					require.Equal(t, http.StatusServiceUnavailable, f.ask(t, question(unknown, "GET", "/")).Code)
					if time.Since(began) > 0 {
						waited.Add(1)
					} else {
						refused.Add(1)
					}
				})
			}
			synctest.Wait()
			require.EqualValues(t, 1000-256, refused.Load())
			require.Contains(t, f.log.String(), "too many requests wait for keys already")
			require.Equal(t, http.StatusOK, f.ask(t, question(good, "GET", "/")).Code)
			require.Equal(t, http.StatusOK, f.ask(t, question(unseen, "GET", "/")).Code)
			require.Zero(t, time.Since(began))
			asked.Wait()
			require.EqualValues(t, 256, waited.Load())
			f.entra.Issuer().Recover()
			time.Sleep(2 * time.Minute)
			require.Equal(t, http.StatusOK, f.ask(t, question(unknown, "GET", "/")).Code)
			f.entra.Issuer().RotateKey()
			time.Sleep(6 * time.Minute)
			require.Equal(t, http.StatusOK, f.ask(t, question(f.entra.Mint(audience), "GET", "/")).Code, "who comes later waits for a key")
		})
	})
	t.Run("does not spread between tenants", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			const dead = "aaaaaaaa-0000-4000-8000-000000000000"
			f := start(t, entraID(), configured(t, "proxy: nginx\naudiences: ["+audience+"]\ntenants: ["+imdstest.DefaultTenantID+", "+dead+"]\nrules:\n- {path: /, require: [{roles: [reader]}]}\n"))
			synctest.Wait()
			require.Equal(t, http.StatusOK, f.ask(t, question(f.entra.Mint(audience), "GET", "/")).Code)
			ready := f.Readiness()
			require.True(t, ready.Ready)
			require.Zero(t, ready.Tenants[dead].Keys)
			require.Contains(t, f.metrics(), "aztoken_keys 0\n", "or no alert fires for its callers, who get 503")
			require.NotContains(t, f.metrics(), "aztoken_keys_expiry")
		})
	})
}
