package extauth_test

import (
	"context"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/verify"
)

func TestReload(t *testing.T) {
	t.Parallel()
	const second = "https://prices.example.com"
	two := "proxy: nginx\naudiences: [" + audience + ", " + second + "]\ntenants: [" + imdstest.DefaultTenantID + "]\n" + "rules:\n- {path: /, require: [{roles: [reader]}]}\n"
	reader := roles("reader")
	t.Run("of rules needs no keys", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			f := start(t, entraID(), configured(t, readers))
			synctest.Wait()
			f.entra.Issuer().Break(imdstest.EntraDown())
			fetched := f.entra.Issuer().Count()
			good := f.entra.Mint(audience)
			require.NoError(t, f.Reload(t.Context(), configured(t, head+"claims: true\nrules:\n- {path: /, require: [{roles: [writer]}]}\n")))
			require.Equal(t, http.StatusForbidden, f.ask(t, question(good, "GET", "/")).Code)
			require.Equal(t, http.StatusUnauthorized, f.ask(t, question("", "GET", "/public/")).Code)
			require.NoError(t, f.Reload(t.Context(), configured(t, readers)))
			require.Equal(t, http.StatusOK, f.ask(t, question(good, "GET", "/")).Code)
			require.Equal(t, fetched, f.entra.Issuer().Count())
			f.counted(t, "/", "allowed", "1")
		})
	})
	t.Run("of another proxy reads its headers alone", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			f := start(t, entraID(), configured(t, readers))
			require.NoError(t, f.Reload(t.Context(), configured(t, "proxy: caddy\n"+readers[len("proxy: nginx\n"):])))
			r := question(f.entra.Mint(audience), "GET", "/")
			require.Equal(t, http.StatusForbidden, f.ask(t, r).Code)
			r.Header["X-Forwarded-Method"], r.Header["X-Forwarded-Host"], r.Header["X-Forwarded-Uri"] = []string{"GET"}, []string{"a"}, []string{"/"}
			require.Equal(t, http.StatusOK, f.ask(t, r).Code)
		})
	})
	t.Run("of audiences has the keys first", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			f := start(t, entraID(), configured(t, readers))
			require.Equal(t, http.StatusUnauthorized, f.ask(t, question(f.entra.Mint(second, reader), "GET", "/")).Code)
			require.NoError(t, f.Reload(t.Context(), configured(t, two)))
			f.entra.Issuer().Break(imdstest.EntraDown())
			require.Equal(t, http.StatusOK, f.ask(t, question(f.entra.Mint(second, reader), "GET", "/")).Code)
			require.Equal(t, http.StatusOK, f.ask(t, question(f.entra.Mint(audience), "GET", "/")).Code)
		})
	})
	t.Run("of audiences in an outage leaves the old ones", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			f := start(t, entraID(), configured(t, readers))
			synctest.Wait()
			f.entra.Issuer().Break(imdstest.EntraDown())
			err := f.Reload(t.Context(), configured(t, two))
			require.ErrorContains(t, err, "no keys")
			require.ErrorContains(t, err, "try again")
			require.Equal(t, http.StatusUnauthorized, f.ask(t, question(f.entra.Mint(second, reader), "GET", "/")).Code)
			require.Equal(t, http.StatusOK, f.ask(t, question(f.entra.Mint(audience), "GET", "/")).Code)
			require.Len(t, f.Config().Audiences, 1)
			// Either one has other keys.
			for _, elsewhere := range []string{"cloud: usgovernment\n" + readers, "authority: https://other.test\n" + readers} {
				c, err := read(t, elsewhere)
				require.NoError(t, err)
				if c.Authority == "" {
					c.Authority = f.Config().Authority
				}
				require.ErrorContains(t, f.Reload(t.Context(), c), "no keys")
			}
		})
	})
	t.Run("of audiences in an outage has the keys of the key file", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			file := "key_file: " + filepath.Join(t.TempDir(), "keys.json") + "\n"
			f := start(t, entraID(), configured(t, file+readers))
			synctest.Wait()
			f.entra.Issuer().Break(imdstest.EntraDown())
			require.NoError(t, f.Reload(t.Context(), configured(t, file+two)))
			require.Equal(t, http.StatusOK, f.ask(t, question(f.entra.Mint(second, reader), "GET", "/")).Code)
		})
	})
	t.Run("with a tenant that is none leaves the old ones", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			f := start(t, entraID(), configured(t, readers))
			synctest.Wait()
			err := f.Reload(t.Context(), configured(t, "proxy: nginx\naudiences: ["+audience+"]\ntenants: ["+imdstest.DefaultTenantID+", aaaaaaaa-0000-4000-8000-000000000000]\n"+
				"rules:\n- {path: /, require: [{roles: [reader]}]}\n"))
			require.ErrorContains(t, err, "no keys of the tenant aaaaaaaa-0000-4000-8000-000000000000")
			require.Len(t, f.Config().Tenants, 1)
			require.Equal(t, http.StatusOK, f.ask(t, question(f.entra.Mint(audience), "GET", "/")).Code)
		})
	})
	t.Run("that waits is given up with its context", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			f := start(t, entraID(), configured(t, readers))
			synctest.Wait()
			f.entra.Issuer().Break(imdstest.Hang())
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			began := time.Now()
			require.Error(t, f.Reload(ctx, configured(t, two)))
			require.Less(t, time.Since(began), 7*time.Second)
		})
	})
	t.Run("refuses nobody whose check is under way", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			f := start(t, entraID(), configured(t, readers))
			synctest.Wait()
			f.entra.Issuer().RotateKey() // so that the check of the next token waits for a key
			f.entra.Issuer().Next(imdstest.Hang())
			good := f.entra.Mint(audience)
			var asked sync.WaitGroup
			for range 8 {
				asked.Go(func() { require.Equal(t, http.StatusOK, f.ask(t, question(good, "GET", "/")).Code) })
			}
			synctest.Wait()
			require.NoError(t, f.Reload(t.Context(), configured(t, two)))
			asked.Wait()
		})
	})
	t.Run("after the end is none", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			f := start(t, entraID(), configured(t, readers))
			f.Close()
			require.ErrorIs(t, f.Reload(t.Context(), configured(t, readers)), verify.ErrClosed)
			require.Equal(t, http.StatusServiceUnavailable, f.ask(t, question(f.entra.Mint(audience), "GET", "/")).Code)
			f.Close()
		})
	})
}
