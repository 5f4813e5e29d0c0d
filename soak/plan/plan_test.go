package plan_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/soak/plan"
)

const (
	day  = 24 * time.Hour
	year = 365 * day
)

func TestNew(t *testing.T) {
	t.Parallel()
	t.Run("is a function of its seed", func(t *testing.T) {
		t.Parallel()
		for _, tc := range []struct {
			seed           uint64
			span, lifetime time.Duration
		}{
			{1, year, day}, {2, year, day}, {1 << 63, 30 * day, day}, {7, 10 * time.Minute, 3 * time.Minute},
		} {
			once := plan.New(tc.seed, tc.span, tc.lifetime, plan.Virtual())
			require.Equal(t, once, plan.New(tc.seed, tc.span, tc.lifetime, plan.Virtual()))
			require.NotEqual(t, once, plan.New(tc.seed+1, tc.span, tc.lifetime, plan.Virtual()))
		}
		require.Empty(t, plan.New(7, 0, day, plan.Virtual()))
	})

	// The first steps of a seed, as they were when this was written: a change of the plan changes
	// what old seeds reproduce.
	t.Run("keeps the meaning of a seed", func(t *testing.T) {
		t.Parallel()
		got := strings.Split(plan.Script(plan.New(1, year, day, plan.Virtual())), "\n")
		require.Equal(t, []string{
			"12h7m24.062401s callers claims for 0s (size 3m59.993242s, count 71)",
			"14h50m20.818517s service 401 with claims for 1h24m58.02709s (size 6.315123s, count 73)",
			"16h54m30.930172s endpoint 200 huge for 1.801464s (size 55.040074s, count 107)",
			"18h16m2.872177s keys dropped for 27m44.795629s (size 17.72761s, count 51)",
			"27h42m1.746485s callers stampede of cancelled for 0s (size 1.48503s, count 5)",
		}, got[:5])
	})

	t.Run("scales with the lifetime", func(t *testing.T) {
		t.Parallel()
		long := plan.New(5, 100*day, day, plan.Virtual())
		short := plan.New(5, 100*time.Hour, time.Hour, plan.Virtual())
		require.Len(t, short, len(long))
		for i := range long {
			require.Equal(t, long[i].Kind, short[i].Kind)
			require.InDelta(t, long[i].At.Seconds()/24, short[i].At.Seconds(), 1)
		}
	})

	t.Run("orders the steps and leaves the quiet times alone", func(t *testing.T) {
		t.Parallel()
		for _, lifetime := range []time.Duration{day, 3 * time.Minute} {
			last := map[plan.Layer]plan.Step{}
			var before plan.Step
			for _, s := range plan.New(3, 400*lifetime, lifetime, plan.Virtual()) {
				require.GreaterOrEqual(t, s.At, before.At)
				require.GreaterOrEqual(t, s.At, last[s.Layer].At+last[s.Layer].Lasting, "steps of one layer do not overlap")
				const quietFrom = plan.QuietEvery - 4
				require.Less(t, s.At%(plan.QuietEvery*lifetime), quietFrom*lifetime)
				require.LessOrEqual(t, s.At%(plan.QuietEvery*lifetime)+s.Lasting, quietFrom*lifetime)
				require.LessOrEqual(t, s.At+s.Lasting, 400*lifetime)
				require.Positive(t, s.Size)
				require.Positive(t, s.Count)
				require.NotNil(t, s.Action)
				last[s.Layer], before = s, s
			}
		}
	})
}

func TestVirtual(t *testing.T) {
	t.Parallel()
	t.Run("has every kind of step in ten years", func(t *testing.T) {
		t.Parallel()
		want := map[plan.Layer]int{
			plan.Endpoint: 26, plan.Wire: 3, plan.Clock: 2, plan.Keys: 17, plan.Rotation: 5, plan.Service: 7, plan.Callers: 7,
			plan.Memory: 2, plan.Process: 4,
		}
		all := map[plan.Layer]map[string]bool{}
		for seed := range uint64(10) {
			seen := map[plan.Layer]map[string]bool{}
			for _, s := range plan.New(seed, year, day, plan.Virtual()) {
				for _, m := range []map[plan.Layer]map[string]bool{all, seen} {
					if m[s.Layer] == nil {
						m[s.Layer] = map[string]bool{}
					}
					m[s.Layer][s.Kind] = true
				}
			}
			for layer, kinds := range want {
				require.GreaterOrEqual(t, len(seen[layer]), kinds-2, "%s in the year of seed %d", layer, seed)
			}
		}
		for layer, kinds := range want {
			require.Len(t, all[layer], kinds, layer)
		}
	})

	t.Run("has outages beyond what each end can bear", func(t *testing.T) {
		t.Parallel()
		longest := map[plan.Layer]time.Duration{}
		for seed := range uint64(10) {
			for _, s := range plan.New(seed, year, day, plan.Virtual()) {
				longest[s.Layer] = max(longest[s.Layer], s.Lasting)
			}
		}
		require.Greater(t, longest[plan.Endpoint], day)
		require.Greater(t, longest[plan.Keys], day)
	})
}

func TestReal(t *testing.T) {
	t.Parallel()
	t.Run("has steps of the wall clock and short pauses", func(t *testing.T) {
		t.Parallel()
		const span, lifetime = 10 * time.Minute, 3 * time.Minute
		steps := plan.New(1, span, lifetime, plan.Real())
		require.Greater(t, len(steps), 2*len(plan.New(1, span, lifetime, plan.Virtual())))
		walls := 0
		for _, s := range steps {
			if clock, ok := s.Action.(plan.WallClock); ok {
				walls++
				require.Less(t, clock.Ahead.Abs(), 5*time.Minute, "a verifier accepts no token that far ahead of its time")
			}
		}
		require.Positive(t, walls)
	})
}
