package verify_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/verify"
)

func TestAMillionDistinctBadTokens(t *testing.T) {
	count := 1_000_000
	if raced || testing.Short() {
		count = 20_000
	}
	entra := issue(first().jwk())
	v := warm(t, entra)
	good := mint()
	parts := strings.Split(good, ".")
	other := strings.Split(mint(claim("uti", "another")), ".")
	kinds := []func(n int) string{
		func(n int) string { return fmt.Sprint("token-", n) },
		func(n int) string { return fmt.Sprint("a.", n, ".c") },
		func(n int) string { return unsigned(fmt.Sprint("unknown-", n)) },
		func(n int) string { return good[:len(good)-12] + part(fmt.Sprintf("%09d", n)) },
		func(n int) string {
			return part(fmt.Sprintf(`{"alg":"none","n":%d}`, n)) + "." + parts[1] + "." + parts[2]
		},
		// This has the signature of a good token.
		func(n int) string { return parts[0] + "." + part(fmt.Sprintf(`{"n":%d}`, n)) + "." + parts[2] },
		func(n int) string { return parts[0] + "." + other[1] + "." + part(fmt.Sprintf("%0256d", n)) },
	}
	accept(t, v, good)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	goroutines, began := runtime.NumGoroutine(), time.Now()
	var attackers sync.WaitGroup
	for a := range 4 {
		attackers.Go(func() {
			for n := a; n < count; n += 4 {
				kind := 0
				switch {
				case n%64 == 0: // those that cost an RSA step
					kind = 3 + n/64%4
				default:
					kind = n % 3
				}
				if _, err := v.Verify(t.Context(), kinds[kind](n)); err == nil {
					t.Errorf("accepted: %q", kinds[kind](n))
				}
			}
		})
	}
	attackers.Wait()
	took := time.Since(began)
	runtime.GC()
	runtime.ReadMemStats(&after)
	t.Logf("%d in %v: %d more bytes of heap, %d fetches", count, took.Round(time.Millisecond), int64(after.HeapAlloc)-int64(before.HeapAlloc), entra.tries())
	require.LessOrEqual(t, int64(after.HeapAlloc)-int64(before.HeapAlloc), int64(4<<20))
	require.LessOrEqual(t, runtime.NumGoroutine(), goroutines+2)
	require.LessOrEqual(t, entra.tries(), 2+int(took/interval))
	require.Equal(t, 1, v.Remembered())
	accept(t, v, good)
}

func TestKeysThatChangeUnderLoad(t *testing.T) {
	virtually(t, func(t *testing.T) {
		renewed := second()
		renewed.kid = "first"
		sets := [][]any{
			{first().jwk()}, {first().jwk(), second().jwk()}, {second().jwk()}, {renewed.jwk(), second().jwk()}, {first().jwk(), first().jwk(), second().jwk()},
			{first().jwk(map[string]any{"issuer": nil})}, {first().jwk(), renewed.jwk()},
		}
		entra := issue(first().jwk())
		v := warm(t, entra, keyFile(t.TempDir()+"/keys.json"), func(o *verify.Options) { o.OnEvent = func(verify.Event) {} })
		end := time.Now().Add(48 * time.Hour)
		if raced || testing.Short() {
			end = time.Now().Add(12 * time.Hour)
		}
		var load sync.WaitGroup
		load.Go(func() {
			r := rand.New(rand.NewPCG(1, 1))
			for time.Now().Before(end) {
				entra.publish(sets[r.IntN(len(sets))]...)
				entra.fail([]fault{nil, nil, nil, refuses, says(200, `{"keys":[]}`)}[r.IntN(5)])
				time.Sleep(time.Duration(r.IntN(1800)) * time.Second)
			}
		})
		accepted := [3]int{}
		for worker, by := range []change{by(first()), by(second()), by(renewed)} {
			load.Go(func() {
				token := mint(by, expires(72*time.Hour))
				for n := 0; time.Now().Before(end); n++ {
					c, err := v.Verify(t.Context(), token)
					switch {
					case err == nil:
						require.Equal(t, objectID, c.ObjectID)
						accepted[worker]++
					default:
						require.True(t, errors.Is(err, verify.ErrSignature) || errors.Is(err, verify.ErrKeysUnavailable), "%v", err)
					}
					switch n % 100 {
					case 0:
						v.Forget()
					case 50:
						require.LessOrEqual(t, v.Status().Keys, 2)
						require.NoError(t, v.Warm(t.Context()))
					}
					time.Sleep(20 * time.Second)
				}
			})
		}
		load.Wait()
		for worker, n := range accepted {
			require.Positive(t, n, worker)
		}
		t.Logf("accepted by each key: %v", accepted)
	})
}
