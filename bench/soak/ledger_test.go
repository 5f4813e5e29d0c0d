package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWhatAClientMustHaveInHand(t *testing.T) {
	t.Parallel()
	at := func(d time.Duration) time.Time { return noon.Add(d) }
	got := func(l *ledger, value string, now, end time.Duration) { l.receive(value, at(now), at(now), at(end)) }
	for name, tc := range map[string]struct {
		before func(l *ledger)
		now    time.Duration
		want   bool
	}{
		"nothing":                 {func(*ledger) {}, time.Hour, false},
		"a token":                 {func(l *ledger) { got(l, "a", 0, day) }, time.Hour, true},
		"a token of this moment":  {func(l *ledger) { got(l, "a", 0, day) }, 0, false},
		"a token to its end":      {func(l *ledger) { got(l, "a", 0, day); l.use(at(time.Hour)) }, day - skew - 1, true},
		"a token that ends":       {func(l *ledger) { got(l, "a", 0, day); l.use(at(time.Hour)) }, day - skew, false},
		"a token of a whole life": {func(l *ledger) { got(l, "a", 0, day); got(l, "b", 23*time.Hour, 47*time.Hour) }, 24*time.Hour + 1, false},
		"one that came when it was gone": {func(l *ledger) { got(l, "a", 0, day); l.use(at(2 * day)) },
			2*day + 1, false},
		"a newer token": {func(l *ledger) { got(l, "a", 0, time.Hour); got(l, "b", time.Minute, day) }, 30 * time.Minute, true},
		"a worse one beside it": {func(l *ledger) {
			got(l, "a", 0, day)
			got(l, "b", time.Hour, 3*time.Hour)
			l.use(at(110 * time.Minute))
		}, 200 * time.Minute, true},
		"a worse one after a 401": {func(l *ledger) {
			got(l, "a", 0, day)
			l.refused = true
			got(l, "b", time.Hour, 3*time.Hour)
			l.use(at(110 * time.Minute))
		}, 200 * time.Minute, false},
		"one that was overtaken": {func(l *ledger) {
			got(l, "a", 20*time.Minute, time.Hour)
			l.receive("b", at(19*time.Minute), at(21*time.Minute), at(day))
		}, 2 * time.Hour, false},
	} {
		l := &ledger{}
		tc.before(l)
		require.Equal(t, tc.want, l.inHand(at(tc.now), 0), name)
	}
}

func TestTheEndThatAClientBelieves(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ in, on, want time.Duration }{
		"both":                     {time.Hour, time.Hour, time.Hour},
		"the endpoint is ahead":    {time.Hour, 3 * time.Hour, time.Hour},
		"the endpoint is behind":   {time.Hour, 10 * time.Minute, 10 * time.Minute},
		"so much that it is past":  {time.Hour, -time.Minute, time.Hour},
		"or as good as past":       {time.Hour, 2 * time.Second, time.Hour},
		"but not in three seconds": {time.Hour, 3 * time.Second, 3 * time.Second},
	} {
		require.Equal(t, noon.Add(tc.want), reply{in: tc.in, on: noon.Add(tc.on)}.believed(noon), name)
	}
}

func TestRequestsAreCountedInWindows(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		every  time.Duration
		n      int
		before func(*traffic)
		dark   time.Duration // before each request, 0: never
		calm   time.Duration // before the first request
		want   bool
	}{
		"five at once":                        {0, 5, nil, time.Second, 0, false},
		"one a minute":                        {time.Minute, 61, nil, 0, 0, true},
		"more":                                {50 * time.Second, 73, nil, 0, 0, false},
		"more after refusals":                 {50 * time.Second, 73, func(t *traffic) { t.refusals.add(noon, causes) }, 0, 0, true},
		"flights in an outage":                {15 * time.Second, 241, nil, time.Second, 0, true},
		"more than flights":                   {5 * time.Second, 721, nil, time.Second, 0, false},
		"what is told at once":                {5 * time.Second, 721, func(t *traffic) { t.told.add(noon, causes) }, time.Second, 0, true},
		"three on a quiet day":                {8 * time.Hour, 4, nil, 0, 2 * day, true},
		"a request every hour of a quiet day": {time.Hour, 6, nil, 0, 2 * day, false},
	} {
		var (
			tr    traffic
			found []finding
			dark  time.Time
		)
		if tc.before != nil {
			tc.before(&tr)
		}
		for i := range tc.n {
			if tc.dark > 0 {
				dark = noon.Add(time.Duration(i)*tc.every - tc.dark)
			}
			found = append(found, tr.request(noon.Add(time.Duration(i)*tc.every), dark, noon.Add(-tc.calm), day, calmLife(day, 0))...)
		}
		require.Equal(t, tc.want, len(found) == 0, fmt.Sprint(name, found))
	}
}

func TestAQuietLifetimeHasAFewRequests(t *testing.T) {
	t.Parallel()
	require.Equal(t, 4, calmLife(day, 0))
	require.Equal(t, 16, calmLife(day, 5*time.Minute), "two thirds of what is left, fourteen times")
	require.Equal(t, 4, calmLife(3*time.Minute, 10*time.Second), "one a minute")
}
