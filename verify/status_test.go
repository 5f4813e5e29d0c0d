package verify_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/verify"
)

func TestStatus(t *testing.T) {
	virtually(t, func(t *testing.T) {
		path := savedFile(t)
		time.Sleep(time.Hour)
		entra := down()
		v := open(t, entra, keyFile(path))
		require.Zero(t, v.Status(), "before the first token")

		accept(t, v, mint())
		synctest.Wait()
		s := v.Status()
		require.Equal(t, "key file", s.KeySource)
		require.Equal(t, 1, s.Keys)
		require.Equal(t, start, s.FetchedOn)
		require.Equal(t, start.Add(24*time.Hour), s.ExpireOn)
		require.WithinDuration(t, time.Now().Add(time.Second), s.NextFetchOn, time.Second)
		require.Contains(t, s.LastError, "connection refused")
		require.Equal(t, start.Add(time.Hour), s.LastErrorOn)

		entra.fail(nil)
		entra.publish(first().jwk(), second().jwk())
		time.Sleep(time.Minute)
		synctest.Wait()
		s = v.Status()
		require.Equal(t, "entra", s.KeySource)
		require.Equal(t, 2, s.Keys)
		require.WithinDuration(t, time.Now(), s.FetchedOn, time.Minute)
		require.Equal(t, s.FetchedOn.Add(24*time.Hour), s.ExpireOn)
		require.WithinDuration(t, s.FetchedOn.Add(57*time.Minute), s.NextFetchOn, 3*time.Minute)
		require.Empty(t, s.LastError)
		require.Zero(t, s.LastErrorOn)

		entra.fail(refuses)
		time.Sleep(25 * time.Hour)
		s = v.Status()
		require.Empty(t, s.KeySource)
		require.Zero(t, s.Keys)
		require.Zero(t, s.ExpireOn)
		require.NotEmpty(t, s.LastError)
		text, err := json.Marshal(s)
		require.NoError(t, err)
		require.Contains(t, string(text), `"key_source":""`)
	})
}

func TestStatusOfTenants(t *testing.T) {
	virtually(t, func(t *testing.T) {
		entra := perTenant()
		working := entra.fault
		entra.fail(without(otherTenant, says(404, ""), working))
		v := open(t, entra, bothTenants)
		require.Zero(t, v.Status(), "before the first token")
		accept(t, v, mint())
		reject(t, v, ofOther(), verify.ErrKeysUnavailable)

		s := v.Status()
		require.Len(t, s.Tenants, 2)
		one, other := s.Tenants[tenant], s.Tenants[otherTenant]
		require.Equal(t, "entra", one.KeySource)
		require.Equal(t, 1, one.Keys)
		require.Empty(t, one.LastError)
		require.Equal(t, one.ExpireOn, s.ExpireOn)
		require.Empty(t, other.KeySource)
		require.Zero(t, other.Keys)
		require.Zero(t, other.ExpireOn)
		require.Contains(t, other.LastError, "404")
		require.Equal(t, other.LastError, s.LastError)
		require.Equal(t, other.NextFetchOn, s.NextFetchOn, "the earlier of the two")
		require.Nil(t, other.Tenants)

		entra.fail(working)
		time.Sleep(2 * time.Minute)
		accept(t, v, ofOther())
		s = v.Status()
		require.Equal(t, 2, s.Keys)
		require.Equal(t, 1, s.Tenants[otherTenant].Keys)
		require.Equal(t, s.Tenants[tenant].FetchedOn, s.FetchedOn)
		require.True(t, s.Tenants[otherTenant].FetchedOn.After(s.FetchedOn))
		require.Empty(t, s.LastError)
	})
}

func TestStatusAfterClose(t *testing.T) {
	virtually(t, func(t *testing.T) {
		v := warm(t, issue(first().jwk()))
		require.False(t, v.Status().Closed)
		require.Nil(t, v.Status().Tenants, "there is one")
		require.NoError(t, v.Close())
		require.True(t, v.Status().Closed)
	})
}

func TestForget(t *testing.T) {
	virtually(t, func(t *testing.T) {
		v := warm(t, issue(first().jwk()))
		token := mint()
		verified := accept(t, v, token)
		require.Same(t, verified, accept(t, v, token))
		v.Remember(1000, time.Now().Add(time.Hour))
		v.Forget()
		require.Zero(t, v.Remembered())
		require.NotSame(t, verified, accept(t, v, token))
	})
}

// What a peer sends must not fill a log, or add lines to it.
func TestErrorsOfPeersAreShortAndPrintable(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 60_000)
	status := func(text string) fault {
		return func(r *http.Request) (*http.Response, error) {
			resp := answer(r, 500, long)
			resp.Status = text
			return resp, nil
		}
	}
	for name, f := range map[string]fault{
		"a status line of 60 KB":     status("500 " + long),
		"a status line of two lines": status("500 a\r\nlevel=ERROR msg=forged\x1b[2J"),
		"an unknown status":          func(r *http.Request) (*http.Response, error) { return answer(r, 799, ""), nil },
		"an error of 60 KB":          func(*http.Request) (*http.Response, error) { return nil, errorText(long) },
		"an error with controls":     func(*http.Request) (*http.Response, error) { return nil, errorText("a\n\x1b[31m\u202e\xff\u0085b") },
		"a panic of 60 KB":           func(*http.Request) (*http.Response, error) { panic(long + "\n") },
		"a redirect to 60 KB":        redirects(302, "https://attacker.example/\n"+long),
	} {
		t.Run(name, func(t *testing.T) {
			virtually(t, func(t *testing.T) {
				entra, events := issue(), &journal{}
				entra.fail(f)
				v := open(t, entra, events.listen)
				_, err := v.Verify(t.Context(), mint())
				require.ErrorIs(t, err, verify.ErrKeysUnavailable)
				synctest.Wait()
				texts := []string{err.Error(), v.Status().LastError}
				for _, e := range events.events {
					texts = append(texts, e.Err.Error())
				}
				for _, text := range texts {
					require.Less(t, len(text), 1000)
					for _, r := range text {
						require.True(t, r == '…' || r >= ' ' && r <= '~', "%q", text)
					}
				}
			})
		})
	}
	t.Run("also those of a token", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			v := warm(t, issue(first().jwk()))
			for _, c := range []change{
				claim("aud", "a\n\u202e"+long[:9000]), claim("iss", "\x1b[2J\r\n"), claim("tid", "\u0085"), claim("oid", "\n"), claim("roles", []string{"\x00"}), claim("appid", "\n\n"),
				head("kid", "\n\x1b"+long[:9000]), head("alg", "\n"), claim("idtyp", "\n"), claim("\n", "\n"),
			} {
				_, err := v.Authorize(t.Context(), mint(c), verify.Role("admin"), verify.Caller(stranger))
				require.Error(t, err)
				require.Less(t, len(err.Error()), 1000)
				for _, r := range err.Error() {
					require.True(t, r == '…' || r >= ' ' && r <= '~', "%q", err.Error())
				}
			}
		})
	})
}

type errorText string

func (e errorText) Error() string { return string(e) }
