package extauth_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
)

func TestLog(t *testing.T) {
	t.Parallel()
	warnings := func(f *fixture) []string {
		var all []string
		for line := range strings.Lines(f.log.String()) {
			if strings.Contains(line, "level=WARN") {
				all = append(all, line)
			}
		}
		return all
	}
	t.Run("says who was refused, and why", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			f := start(t, entraID(), configured(t, head+"rules:\n- {host: orders.example, path: /orders/, require: [{roles: [writer]}]}\n"))
			f.ask(t, question(f.entra.Mint(audience), "GET", "/orders/1?secret=s"))
			got := warnings(f)
			require.Len(t, got, 1)
			for _, want := range []string{
				"host=orders.example ", "path=/orders/1 ", "method=GET ", "rule=orders.example/orders/ ", "result=forbidden ", "tenant=" + imdstest.DefaultTenantID,
				"object_id=" + object, "client_id=" + caller, "missing role", `wanted \"writer\"`,
			} {
				require.Contains(t, got[0], want)
			}
			require.NotContains(t, got[0], "secret")
			require.NotContains(t, got[0], "Options")
			require.NotContains(t, got[0], "assign the role")
		})
	})
	t.Run("says why none of several entries is met", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			f := start(t, entraID(), configured(t, head+"rules:\n- {path: /, require: [{roles: [writer]}, {scopes: [orders.read]}]}\n"))
			f.ask(t, question(f.entra.Mint(audience), "GET", "/"))
			require.Regexp(t, `reason=".*missing role: .*; or missing scope: .*"`, warnings(f)[0])
		})
	})
	t.Run("says each reason once a second", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			f := start(t, entraID(), configured(t, readers))
			synctest.Wait()
			ask := func() {
				for n := range 100 {
					f.ask(t, question("", "GET", "/"))
					f.ask(t, question(f.entra.Mint(fmt.Sprintf("https://%d.example", n)), "GET", "/"))
					f.ask(t, question("", "GET", "/../"))
					f.ask(t, question("", "GET", "/a;b"))
					f.ask(t, question("", "get;", "/"))
				}
			}
			ask()
			require.Len(t, warnings(f), 5)
			time.Sleep(time.Second)
			ask()
			require.Len(t, warnings(f), 10)
		})
	})
	t.Run("shows a bounded part of what callers send, and no token", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			f := start(t, entraID(), configured(t, readers))
			token := f.entra.Mint(audience)
			for _, r := range []*http.Request{
				question("", "GET", "/"+strings.Repeat("a", 4000)),
				question("", "GET", "/"+token+"/.."),
				question("", "GET", "/"+strings.Repeat("b", 190)+token+";"),
				question("", "GET", "/x#"+token),
				question("", "GET", "?secret=s"),
				question("", strings.Repeat("M", 4000)+",", "/"),
				question("", token+",", "/"),
				question("", "GET", "/\x1b[2J\n\u202elevel=ERROR"),
			} {
				time.Sleep(time.Second)
				require.NotEqual(t, http.StatusOK, f.ask(t, r).Code)
			}
			r := question("", "GET", "/")
			r.Host = token + strings.Repeat("a", 4000) + ","
			f.ask(t, r)
			lines := strings.Split(strings.TrimSpace(f.log.String()), "\n")
			require.GreaterOrEqual(t, len(lines), 7)
			require.Contains(t, f.log.String(), "path=/"+strings.Repeat("a", 199)+" ")
			require.Contains(t, f.log.String(), "method="+strings.Repeat("M", 200)+" ")
			for _, line := range lines {
				require.Less(t, len(line), 900, line)
				require.NotContains(t, line, "eyJ")
				require.NotContains(t, line, "secret")
				require.NotContains(t, line, "\x1b")
				require.NotContains(t, line, token[len(token)-20:])
			}
		})
	})
	t.Run("has what happens to keys, and what passes only for whoever debugs", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			f := start(t, entraID(), configured(t, readers))
			synctest.Wait()
			f.ask(t, question(f.entra.Mint(audience), "GET", "/"))
			f.ask(t, question("", "GET", "/public/"))
			require.Empty(t, warnings(f))
			require.Contains(t, f.log.String(), `level=INFO msg="aztoken guard: keys fetched" keys=1`)
			require.Equal(t, 2, strings.Count(f.log.String(), "level=DEBUG"))
			f.entra.Issuer().Break(imdstest.Status(500))
			time.Sleep(2 * time.Hour)
			require.NotEmpty(t, warnings(f))
			require.Contains(t, warnings(f)[0], "keys not fetched")
		})
	})
	t.Run("has what is wrong with the key file", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			f := start(t, entraID(), configured(t, "key_file: "+filepath.Join(t.TempDir(), "missing", "keys.json")+"\n"+readers))
			synctest.Wait()
			time.Sleep(time.Minute)
			require.Regexp(t, `level=WARN msg="aztoken guard: key file not used" error=".*missing.*no such file`, f.log.String())
		})
	})
}

func TestMetrics(t *testing.T) {
	virtually(t, func(t *testing.T) {
		f := start(t, entraID(), configured(t, head+"rules:\n- {host: a.example, path: '/{x}', require: [{roles: [reader]}]}\n- {path: /, open: true}\n- {path: '/q\"\u200b/', open: true}\n"))
		synctest.Wait()
		begun := time.Now()
		for _, target := range []string{"/", "/a", "/b\"c", "/%0a", "/" + strings.Repeat("x", 5000)} {
			for _, host := range []string{"a.example", "b.example", "c.example\"}"} {
				r := question(f.entra.Mint(audience), "GET"+host[:1], target)
				r.Host = host
				f.ask(t, r)
			}
		}
		got := f.metrics()
		for _, want := range []string{
			`aztoken_guard_checks_total{rule="a.example/{x}",result="allowed"} 3`, `aztoken_guard_checks_total{rule="none",result="no_rule"} 1`,
			`aztoken_guard_checks_total{rule="/",result="open"} 4`, `aztoken_guard_checks_total{rule="none",result="bad_request"} 7`,
			"aztoken_guard_check_duration_seconds_count 15", "aztoken_keys 1", "aztoken_keys_fetch_failing 0",
			"aztoken_guard_checks_total{rule=\"/q\\\"\u200b/\",result=\"open\"} 0", // Prometheus knows no \u
		} {
			require.Contains(t, got, want+"\n")
		}
		require.Contains(t, got, "aztoken_keys_fetched_timestamp_seconds ")
		require.Contains(t, got, "aztoken_keys_expiry_timestamp_seconds ")
		require.NotContains(t, got, "b.example")
		require.NotContains(t, got, "xxx")
		require.Zero(t, time.Since(begun))
	})
}
