package verify_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/verify"
)

func TestAFloodOfBadTokensCostsAtMostOneFetchAndNoGoodCallerAnything(t *testing.T) {
	t.Parallel()
	signature := mint(by(second()), func(j *jwt) { j.header["kid"] = "first" })
	for name, bad := range map[string]func(n int) string{
		"keys that nobody has":                  func(n int) string { return unsigned(fmt.Sprint("unknown-", n)) },
		"a signature by a key of somebody else": func(int) string { return signature },
		"no tokens at all":                      func(n int) string { return fmt.Sprint("token-", n) },
	} {
		t.Run(name, func(t *testing.T) {
			virtually(t, func(t *testing.T) {
				entra := issue(first().jwk())
				v := warm(t, entra)
				good := mint()
				entra.delay(3 * time.Second)
				var flood sync.WaitGroup
				for worker := range 10 {
					flood.Go(func() {
						for n := range 1000 {
							_, err := v.Verify(t.Context(), bad(1000*worker+n))
							require.Error(t, err)
						}
					})
				}
				for range 20 {
					asked := time.Now()
					accept(t, v, good)
					accept(t, v, mint(claim("uti", asked.String())))
					require.Zero(t, time.Since(asked))
					time.Sleep(200 * time.Millisecond)
				}
				flood.Wait()
				synctest.Wait()
				require.LessOrEqual(t, entra.tries(), 2, "one to begin with, and one for the flood")
			})
		})
	}
}

func TestAMiddlewareIsAHandlerForRouters(t *testing.T) {
	virtually(t, func(t *testing.T) {
		v := warm(t, issue(first().jwk()))
		var chain []func(http.Handler) http.Handler // as chi's Use takes them
		chain = append(chain, v.Middleware(), v.Middleware(verify.Role("nobody has it")))
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Authorization", "Bearer "+mint())
		for i, want := range []int{http.StatusOK, http.StatusForbidden} {
			w := httptest.NewRecorder()
			chain[i](http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(w, r)
			require.Equal(t, want, w.Code)
		}
	})
}
