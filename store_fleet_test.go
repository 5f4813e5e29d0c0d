package aztoken_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/tokenstore"
)

// startFleet starts n clients of one identity on b at once, and returns them with what their first
// calls took.
func startFleet(t *testing.T, imds *imdstest.Server, b tokenstore.Backend, n int) (fleet []*aztoken.Client, longest time.Duration, err error) {
	t.Helper()
	fleet = make([]*aztoken.Client, n)
	errs, took := make([]error, n), make([]time.Duration, n)
	for i := range fleet {
		fleet[i] = start(t, imds, b, aztoken.Options{})
		fleet[i].OnRotate(resource, func(aztoken.Token) {}) // which keeps its token fresh
	}
	var wg sync.WaitGroup
	begin := time.Now()
	for i := range fleet {
		wg.Go(func() {
			_, errs[i] = fleet[i].Token(t.Context(), resource)
			took[i] = time.Since(begin)
		})
	}
	wg.Wait()
	for _, d := range took {
		longest = max(longest, d)
	}
	return fleet, longest, errors.Join(errs...)
}

func TestAColdFleet(t *testing.T) {
	t.Parallel()
	inVirtualTime(t, "of 1 000 makes one request", func(t *testing.T) {
		imds := mintingHost(t)
		imds.Break(imdstest.Slow(50 * time.Millisecond))
		_, longest, err := startFleet(t, imds, newMemory(), 1000)
		require.NoError(t, err)
		require.Equal(t, 1, imds.Count())
		require.LessOrEqual(t, longest, time.Second)
	})
	inVirtualTime(t, "of 50 processes on a directory makes one request", func(t *testing.T) {
		imds := mintingHost(t)
		imds.Break(imdstest.Slow(50 * time.Millisecond))
		_, longest, err := startFleet(t, imds, tokenstore.Dir(t.TempDir()), 50)
		require.NoError(t, err)
		require.Equal(t, 1, imds.Count())
		require.LessOrEqual(t, longest, time.Second)
	})
	inVirtualTime(t, "whose holder of the lock dies waits for it two seconds", func(t *testing.T) {
		imds, backend := mintingHost(t), newMemory()
		imds.Break(imdstest.Hang())
		holder := start(t, imds, backend, aztoken.Options{})
		go func() { _, _ = holder.Token(t.Context(), resource) }()
		time.Sleep(100 * time.Millisecond)
		closeNow(t, holder)
		asked := imds.Count()
		imds.Recover()
		imds.Break(imdstest.Slow(50 * time.Millisecond))
		_, longest, err := startFleet(t, imds, backend, 1000)
		require.NoError(t, err)
		require.LessOrEqual(t, imds.Count()-asked, 10)
		require.LessOrEqual(t, longest, 3*time.Second)
	})
	inVirtualTime(t, "of a slow endpoint does not ask all at once", func(t *testing.T) {
		imds := mintingHost(t)
		imds.Break(imdstest.Slow(4 * time.Second))
		_, longest, err := startFleet(t, imds, newMemory(), 1000)
		require.NoError(t, err)
		require.LessOrEqual(t, imds.Count(), 10)
		require.LessOrEqual(t, longest, 6*time.Second)
	})
	inVirtualTime(t, "on a store without locks asks once each, at once", func(t *testing.T) {
		imds := mintingHost(t)
		imds.Break(imdstest.Slow(50 * time.Millisecond))
		_, longest, err := startFleet(t, imds, lockless{newMemory()}, 20)
		require.NoError(t, err)
		require.Equal(t, 20, imds.Count())
		require.Equal(t, 50*time.Millisecond, longest)
	})
	inVirtualTime(t, "of an endpoint that is down asks a little, spread, and fails as without a store", func(t *testing.T) {
		imds := mintingHost(t)
		imds.Break(imdstest.Status(503))
		_, longest, err := startFleet(t, imds, newMemory(), 100)
		require.Error(t, err)
		require.LessOrEqual(t, longest, 75*time.Second)
		inFirst4 := 0
		all := imds.Requests()
		for _, r := range all {
			if r.Time.Sub(all[0].Time) < 4*time.Second {
				inFirst4++
			}
		}
		require.LessOrEqual(t, inFirst4, 3)
		without := mintingHost(t)
		without.Break(imdstest.Status(503))
		_, err = over(t, without, aztoken.Options{}).Token(t.Context(), resource)
		require.Error(t, err)
		require.LessOrEqual(t, len(all), 100*without.Count())
	})
	inVirtualTime(t, "keeps each caller's deadline, and asks at half of it", func(t *testing.T) {
		imds, backend := mintingHost(t), newMemory()
		backend.suffer(nil)
		imds.Break(imdstest.Hang())
		holder := start(t, imds, backend, aztoken.Options{})
		go func() { _, _ = holder.Token(t.Context(), resource) }()
		time.Sleep(100 * time.Millisecond)
		imds.Recover()
		c := start(t, imds, backend, aztoken.Options{})
		errs, late := callers(t, c, 1, time.Second)
		require.NoError(t, errors.Join(errs...))
		require.LessOrEqual(t, late, time.Duration(0))
	})
}

func TestAFleetInSteadyState(t *testing.T) {
	t.Parallel()
	for name, makeBackend := range map[string]func(*testing.T) tokenstore.Backend{
		"shared":    func(*testing.T) tokenstore.Backend { return newMemory() },
		"directory": func(t *testing.T) tokenstore.Backend { return tokenstore.Dir(t.TempDir()) },
	} {
		inVirtualTime(t, name, func(t *testing.T) {
			imds := mintingHost(t)
			imds.Break(imdstest.Slow(50 * time.Millisecond))
			fleet, _, err := startFleet(t, imds, makeBackend(t), 30)
			require.NoError(t, err)
			const days = 4
			for range days * 24 {
				time.Sleep(time.Hour)
				for _, c := range fleet {
					atOnce(t, c)
				}
			}
			require.LessOrEqual(t, imds.Count(), 6*days)
			require.GreaterOrEqual(t, imds.Count(), 2*days)
		})
	}
}

func TestAFleetThroughAnOutage(t *testing.T) {
	t.Parallel()
	inVirtualTime(t, "of 12 h with a tenth replaced every hour", func(t *testing.T) {
		imds, backend := mintingHost(t), newMemory()
		imds.Break(imdstest.Slow(50 * time.Millisecond))
		fleet, _, err := startFleet(t, imds, backend, 50)
		require.NoError(t, err)
		time.Sleep(30 * time.Hour)
		before := imds.Count()
		imds.Break(imdstest.Status(503))
		for hour := range 12 {
			for i := range 5 {
				n := (5*hour + i) % len(fleet)
				closeNow(t, fleet[n])
				fleet[n] = start(t, imds, backend, aztoken.Options{})
				fleet[n].OnRotate(resource, func(aztoken.Token) {})
			}
			for range 6 {
				for _, c := range fleet {
					atOnce(t, c)
				}
				time.Sleep(10 * time.Minute)
			}
		}
		t.Logf("%d requests in the outage", imds.Count()-before)
		require.LessOrEqual(t, imds.Count()-before, 12*60+50*8, "one a minute, and those who ask alone")
		imds.Recover()
		recovered := imds.Count()
		for range 6 {
			time.Sleep(time.Hour)
			for _, c := range fleet {
				atOnce(t, c)
			}
		}
		t.Logf("%d requests in the six hours after it", imds.Count()-recovered)
		require.LessOrEqual(t, imds.Count()-recovered, 10)
	})
	inVirtualTime(t, "whose store is flushed in the middle", func(t *testing.T) {
		imds, backend := mintingHost(t), newMemory()
		fleet, _, err := startFleet(t, imds, backend, 5)
		require.NoError(t, err)
		time.Sleep(time.Hour)
		imds.Break(imdstest.Status(503))
		backend.restore(nil)
		time.Sleep(15 * time.Minute)
		requireSame(t, atOnce(t, fleet[0]), atOnce(t, start(t, imds, backend, aztoken.Options{})))
	})
	inVirtualTime(t, "whose store is away too asks as without one, not all at once", func(t *testing.T) {
		imds, backend := mintingHost(t), newMemory()
		fleet, _, err := startFleet(t, imds, backend, 50)
		require.NoError(t, err)
		backend.suffer(failing())
		imds.Break(imdstest.Status(503))
		for range 12 {
			time.Sleep(time.Hour)
			for _, c := range fleet {
				atOnce(t, c)
			}
		}
		most := 0
		perMinute := map[time.Time]int{}
		for _, r := range imds.Requests() {
			m := r.Time.Truncate(time.Minute)
			perMinute[m]++
			most = max(most, perMinute[m])
		}
		require.LessOrEqual(t, most, 10)
	})
}
