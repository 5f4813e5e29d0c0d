package rules_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/soak/rules"
)

func TestRequests(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		every  time.Duration
		n      int
		before func(*rules.Requests)
		dark   time.Duration // before each request, 0: never
		calm   time.Duration // before the first request
		want   bool
	}{
		"four at once":               {0, 4, nil, time.Second, 0, true},
		"five at once":               {0, 5, nil, time.Second, 0, false},
		"one a minute":               {time.Minute, 61, nil, 0, 0, true},
		"more":                       {50 * time.Second, 73, nil, 0, 0, false},
		"more after a rejection":     {50 * time.Second, 73, func(r *rules.Requests) { r.Rejected(noon) }, 0, 0, true},
		"flights in an outage":       {15 * time.Second, 241, nil, time.Second, 0, true},
		"more than flights":          {5 * time.Second, 721, nil, time.Second, 0, false},
		"failures reported at once":  {5 * time.Second, 721, func(r *rules.Requests) { r.Told(noon) }, time.Second, 0, true},
		"three on a quiet day":       {8 * time.Hour, 4, nil, 0, 2 * day, true},
		"one an hour on a quiet day": {time.Hour, 6, nil, 0, 2 * day, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var (
				r     rules.Requests
				found []rules.Finding
			)
			if tc.before != nil {
				tc.before(&r)
			}
			s := rules.Situation{Calm: after(-tc.calm), Lifetime: day, MostCalm: rules.MostCalm(day, 0)}
			for i := range tc.n {
				now := after(time.Duration(i) * tc.every)
				if tc.dark > 0 {
					s.Dark = now.Add(-tc.dark)
				}
				found = append(found, r.Request(now, s)...)
			}
			require.Equal(t, tc.want, len(found) == 0, found)
			require.Positive(t, r.WorstHour())
		})
	}
}

func TestMostCalm(t *testing.T) {
	t.Parallel()
	require.Equal(t, 4, rules.MostCalm(day, 0))
	require.Equal(t, 16, rules.MostCalm(day, 5*time.Minute), "two thirds of what is left, fourteen times")
	require.Equal(t, 4, rules.MostCalm(3*time.Minute, 10*time.Second), "one a minute")
}

func TestSlots(t *testing.T) {
	t.Parallel()
	require.Empty(t, rules.Slots(4))
	require.Equal(t, []rules.Rule{rules.FewSlots}, broken(rules.Slots(5)))
}
