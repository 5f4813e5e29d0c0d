package verify_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/verify"
)

// thins makes some of the key documents lack keys, as those of a server that is behind.
func thins(thin string, percent int, seed uint64) fault {
	r := rand.New(rand.NewPCG(seed, 0))
	return onlyKeys(func(req *http.Request) (*http.Response, error) {
		if r.IntN(100) < percent {
			return answer(req, 200, thin), nil
		}
		return nil, nil
	})
}

// With half of the answers thin, all answers of an hour are so once in thousands of hours.
func TestThinKeyDocuments(t *testing.T) {
	t.Parallel()
	for _, percent := range []int{10, 33, 50} {
		t.Run(fmt.Sprint(percent, " percent for 20 days refuse no good token"), func(t *testing.T) {
			virtually(t, func(t *testing.T) {
				entra := issue(first().jwk(), second().jwk())
				entra.fail(thins(jwks(second().jwk()), percent, 1))
				v := warm(t, entra)
				for { // until the first full answer
					if _, err := v.Verify(t.Context(), mint()); err == nil {
						break
					}
					time.Sleep(time.Minute)
				}
				every := 10 * time.Second
				if raced || testing.Short() {
					every = time.Minute
				}
				token, minted, calls, refused := "", time.Time{}, 0, 0
				for end := time.Now().Add(20 * 24 * time.Hour); time.Now().Before(end); time.Sleep(every) {
					if time.Since(minted) > 12*time.Hour {
						token, minted = mint(), time.Now()
					}
					calls++
					if _, err := v.Verify(t.Context(), token); err != nil {
						refused++
					}
					if calls%100 == 0 {
						_, _ = v.Verify(t.Context(), unsigned(fmt.Sprint("made-up-", calls)))
					}
				}
				t.Logf("%d calls, %d refused, %d fetches", calls, refused, entra.fetches())
				require.Zero(t, refused)
				require.LessOrEqual(t, entra.fetches(), 20*24*13, "one in five minutes")
			})
		})
	}
	t.Run("are fetched again after a minute, then every five, and drop the key after an hour", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			entra := issue(first().jwk(), second().jwk())
			v := warm(t, entra)
			entra.publish(second().jwk())
			for entra.fetches() == 1 {
				time.Sleep(time.Second)
				synctest.Wait()
			}
			lacking := time.Now()
			for time.Since(lacking) < time.Hour {
				accept(t, v, mint())
				time.Sleep(time.Minute)
			}
			time.Sleep(2 * time.Minute)
			reject(t, v, mint(), verify.ErrSignature)
			tries := entra.asks("/discovery/v2.0/keys")[1:]
			require.Equal(t, time.Minute, tries[1].at.Sub(tries[0].at))
			for i := 2; i < 13; i++ {
				require.Equal(t, 5*time.Minute, tries[i].at.Sub(tries[i-1].at))
			}
		})
	})
	t.Run("serve the key on when it is back, with a new hour", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			entra := issue(first().jwk(), second().jwk())
			v := warm(t, entra)
			fetched := func() { // waits for the next fetch
				for n := entra.fetches(); entra.fetches() == n; synctest.Wait() {
					accept(t, v, mint())
					time.Sleep(time.Second)
				}
			}
			for range 3 {
				entra.publish(second().jwk())
				fetched()
				for end := time.Now().Add(50 * time.Minute); time.Now().Before(end); time.Sleep(time.Minute) {
					accept(t, v, mint())
				}
				entra.publish(first().jwk(), second().jwk())
				fetched()
			}
		})
	})
	t.Run("trust a new key at once", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			entra := issue(first().jwk())
			v := warm(t, entra)
			time.Sleep(interval)
			entra.publish(second().jwk())
			accept(t, v, mint(by(second())))
			accept(t, v, mint())
		})
	})
	t.Run("do not bring back what has other material", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			other := second()
			other.kid = "first"
			entra := issue(first().jwk())
			v := warm(t, entra)
			entra.publish(other.jwk())
			time.Sleep(time.Hour)
			synctest.Wait()
			accept(t, v, mint(by(other)))
			reject(t, v, mint(), verify.ErrSignature)
		})
	})
	t.Run("keep a key over a restart, with what is left of its hour", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			path := t.TempDir() + "/keys.json"
			entra := issue(first().jwk(), second().jwk())
			v := warm(t, entra, keyFile(path))
			entra.publish(second().jwk())
			for entra.fetches() == 1 {
				time.Sleep(time.Second)
				synctest.Wait()
			}
			lacking := time.Now()
			for n := 0; time.Since(lacking) < time.Hour; n++ {
				synctest.Wait()
				require.NoError(t, v.Close())
				v = warm(t, entra, keyFile(path))
				synctest.Wait()
				accept(t, v, mint())
				time.Sleep(6 * time.Minute)
			}
			synctest.Wait()
			require.NoError(t, v.Close())
			v = warm(t, entra, keyFile(path))
			synctest.Wait()
			reject(t, v, mint(), verify.ErrSignature)
		})
	})
	t.Run("keep a key in the file for a start in an outage", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			path := t.TempDir() + "/keys.json"
			entra := issue(first().jwk(), second().jwk())
			v := warm(t, entra, keyFile(path))
			entra.publish(second().jwk())
			time.Sleep(61 * time.Minute)
			synctest.Wait()
			require.NoError(t, v.Close())
			accept(t, open(t, down(), keyFile(path)), mint())
		})
	})
}

func TestAFetchUnderWayDoesNotSpendTheSearchForANewKey(t *testing.T) {
	t.Parallel()
	t.Run("of an hourly fetch", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			entra := issue(first().jwk())
			v := warm(t, entra)
			// The answer is from before the key was published.
			entra.fail(onlyKeys(func(r *http.Request) (*http.Response, error) {
				time.Sleep(3 * time.Second)
				return answer(r, 200, jwks(first().jwk())), nil
			}))
			for entra.tries() == 1 {
				time.Sleep(time.Second)
				synctest.Wait()
			}
			entra.publish(first().jwk(), second().jwk())
			entra.fail(nil)
			accept(t, v, mint(by(second())))
			require.Equal(t, 3, entra.tries())
		})
	})
	t.Run("of the first fetch", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			entra := issue(first().jwk())
			entra.fail(onlyKeys(func(r *http.Request) (*http.Response, error) {
				time.Sleep(3 * time.Second)
				return answer(r, 200, jwks(first().jwk())), nil
			}))
			v := open(t, entra)
			go func() { _ = v.Warm(t.Context()) }()
			synctest.Wait()
			entra.publish(first().jwk(), second().jwk())
			entra.fail(nil)
			accept(t, v, mint(by(second())))
			require.Equal(t, 2, entra.tries())
		})
	})
	t.Run("where the key comes with it", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			entra := issue(first().jwk())
			entra.delay(2 * time.Second)
			v := open(t, entra)
			accept(t, v, mint())
			time.Sleep(time.Minute)
			require.Equal(t, 1, entra.tries(), "nobody looks for it any more")
		})
	})
}

func TestAKeyThatIsPublishedTwice(t *testing.T) {
	t.Parallel()
	other := "https://login.microsoftonline.com/" + otherTenant + "/v2.0"
	for name, tc := range map[string]struct {
		keys []any
		want error
	}{
		"is one if both are the same":              {[]any{first().jwk(), first().jwk()}, nil},
		"is one for both issuers":                  {[]any{first().jwk(map[string]any{"issuer": other}), first().jwk()}, nil},
		"is one for both issuers, the other way":   {[]any{first().jwk(), first().jwk(map[string]any{"issuer": other})}, nil},
		"is one for any issuer":                    {[]any{first().jwk(map[string]any{"issuer": other}), first().jwk(map[string]any{"issuer": nil})}, nil},
		"three times":                              {[]any{first().jwk(), first().jwk(), first().jwk()}, nil},
		"is nobody's else":                         {[]any{first().jwk(map[string]any{"issuer": other}), first().jwk(map[string]any{"issuer": other})}, verify.ErrIssuer},
		"with other material is not used":          {[]any{first().jwk(), first().jwk(map[string]any{"n": second().jwk()["n"]}), second().jwk()}, verify.ErrSignature},
		"and once with other material":             {[]any{first().jwk(), first().jwk(), first().jwk(map[string]any{"n": second().jwk()["n"]}), second().jwk()}, verify.ErrSignature},
		"and first with other material":            {[]any{first().jwk(map[string]any{"n": second().jwk()["n"]}), first().jwk(), first().jwk(), second().jwk()}, verify.ErrSignature},
		"with the exponent of another":             {[]any{first().jwk(), first().jwk(map[string]any{"e": "Aw"}), second().jwk()}, verify.ErrSignature},
		"in the public cloud":                      {[]any{first().jwk(map[string]any{"cloud_instance_name": "microsoftonline.com"})}, nil},
		"in the public cloud by its host":          {[]any{first().jwk(map[string]any{"cloud_instance_name": "login.microsoftonline.com"})}, nil},
		"in another cloud":                         {[]any{first().jwk(map[string]any{"cloud_instance_name": "microsoftonline.us"})}, verify.ErrIssuer},
		"in another cloud, for any issuer":         {[]any{first().jwk(map[string]any{"cloud_instance_name": "partner.microsoftonline.cn", "issuer": nil})}, verify.ErrIssuer},
		"in a cloud of no name":                    {[]any{first().jwk(map[string]any{"cloud_instance_name": "com"})}, verify.ErrIssuer},
		"in both clouds":                           {[]any{first().jwk(map[string]any{"cloud_instance_name": "microsoftonline.us"}), first().jwk()}, nil},
		"in another cloud, for its issuer in ours": {[]any{first().jwk(map[string]any{"cloud_instance_name": "microsoftonline.us"}), first().jwk(map[string]any{"issuer": other})}, verify.ErrIssuer},
	} {
		t.Run(name, func(t *testing.T) {
			virtually(t, func(t *testing.T) {
				v := warm(t, issue(tc.keys...))
				if tc.want == nil {
					accept(t, v, mint())
				} else {
					reject(t, v, mint(), tc.want)
				}
			})
		})
	}
}
