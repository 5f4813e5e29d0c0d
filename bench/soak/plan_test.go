package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	day  = 24 * time.Hour
	year = 365 * day
)

func TestAPlanIsAFunctionOfItsSeed(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		seed           uint64
		span, lifetime time.Duration
	}{
		{1, year, day}, {2, year, day}, {1 << 63, 30 * day, day}, {7, 10 * time.Minute, 3 * time.Minute}, {7, 0, day},
	} {
		require.Equal(t, plan(tc.seed, tc.span, tc.lifetime, courses), plan(tc.seed, tc.span, tc.lifetime, courses))
		if tc.span > 0 {
			require.NotEqual(t, plan(tc.seed, tc.span, tc.lifetime, courses), plan(tc.seed+1, tc.span, tc.lifetime, courses))
		} else {
			require.Empty(t, plan(tc.seed, tc.span, tc.lifetime, courses))
		}
	}
}

// The first steps of a seed, as they were when this was written: who changes the plan changes what old seeds reproduce.
func TestASeedMeansWhatItMeant(t *testing.T) {
	t.Parallel()
	got := strings.Split(script(plan(1, year, day, courses)), "\n")
	require.Equal(t, []string{
		"12h7m24.062401s callers claims for 0s (size 3m59.993242s, count 71)",
		"14h50m20.818517s service 401 with claims for 1h24m58.02709s (size 6.315123s, count 73)",
		"16h54m30.930172s endpoint 200 huge for 1.801464s (size 55.040074s, count 107)",
		"18h16m2.872177s keys dropped for 27m44.795629s (size 17.72761s, count 51)",
		"27h42m1.746485s callers stampede of cancelled for 0s (size 1.48503s, count 5)",
	}, got[:5])
}

func TestAYearHasEveryKindOfStep(t *testing.T) {
	t.Parallel()
	for seed := range uint64(10) {
		seen := map[layer]map[string]int{}
		for _, s := range plan(seed, year, day, courses) {
			if seen[s.layer] == nil {
				seen[s.layer] = map[string]int{}
			}
			seen[s.layer][s.kind]++
		}
		for _, c := range courses {
			require.GreaterOrEqual(t, len(seen[c.layer]), len(c.kinds)-2, "%s with seed %d", c.layer, seed)
		}
	}
}

func TestStepsComeInOrderAndLeaveTheQuietTimesAlone(t *testing.T) {
	t.Parallel()
	for _, lifetime := range []time.Duration{day, 3 * time.Minute} {
		last := map[layer]step{}
		var before step
		for _, s := range plan(3, 400*lifetime, lifetime, courses) {
			require.GreaterOrEqual(t, s.at, before.at)
			require.GreaterOrEqual(t, s.at, last[s.layer].at+last[s.layer].lasting, "steps of one layer do not overlap")
			calm, _ := quiet(s.at, lifetime)
			require.LessOrEqual(t, s.at+s.lasting, calm)
			require.LessOrEqual(t, s.at+s.lasting, 400*lifetime)
			require.Positive(t, s.size)
			require.Positive(t, s.count)
			last[s.layer], before = s, s
		}
	}
}

func TestOutagesReachBeyondWhatEachEndCanBear(t *testing.T) {
	t.Parallel()
	longest := map[layer]time.Duration{}
	for seed := range uint64(10) {
		for _, s := range plan(seed, year, day, courses) {
			longest[s.layer] = max(longest[s.layer], s.lasting)
		}
	}
	require.Greater(t, longest[endpoint], day)
	require.Greater(t, longest[keys], day)
}

func TestARealRunHasStepsOfTheWallClockAndShortPauses(t *testing.T) {
	t.Parallel()
	const span, lifetime = 10 * time.Minute, 3 * time.Minute
	steps := plan(1, span, lifetime, inReal())
	require.Greater(t, len(steps), 2*len(plan(1, span, lifetime, courses)))
	walls := 0
	for _, s := range steps {
		if s.layer == wall {
			walls++
			require.LessOrEqual(t, s.size, mostStep)
		}
	}
	require.Positive(t, walls)
}

func TestAPlanScalesWithTheLifetime(t *testing.T) {
	t.Parallel()
	long, short := plan(5, 100*day, day, courses), plan(5, 100*time.Hour, time.Hour, courses)
	require.Len(t, short, len(long))
	for i := range long {
		require.Equal(t, long[i].kind, short[i].kind)
		require.InDelta(t, long[i].at.Seconds()/24, short[i].at.Seconds(), 1)
	}
}
