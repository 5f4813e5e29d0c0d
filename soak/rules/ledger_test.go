package rules_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/soak/rules"
)

const day = 24 * time.Hour

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func after(d time.Duration) time.Time { return noon.Add(d) }

func TestLedgerInHand(t *testing.T) {
	t.Parallel()
	receive := func(l *rules.Ledger, value string, now, end time.Duration) {
		l.Receive(value, after(now), after(now), after(end))
	}
	for name, tc := range map[string]struct {
		before func(l *rules.Ledger)
		now    time.Duration
		want   bool
	}{
		"nothing":                {func(*rules.Ledger) {}, time.Hour, false},
		"a token":                {func(l *rules.Ledger) { receive(l, "a", 0, day) }, time.Hour, true},
		"a token of this moment": {func(l *rules.Ledger) { receive(l, "a", 0, day) }, 0, false},
		"a token shortly before its end": {func(l *rules.Ledger) {
			receive(l, "a", 0, day)
			l.Use(after(time.Hour))
		}, day - rules.Skew - 1, true},
		"a token that ends": {func(l *rules.Ledger) {
			receive(l, "a", 0, day)
			l.Use(after(time.Hour))
		}, day - rules.Skew, false},
		"a token that nobody used for a life": {func(l *rules.Ledger) {
			receive(l, "a", 0, day)
			receive(l, "b", 23*time.Hour, 47*time.Hour)
		}, 24*time.Hour + 1, false},
		"a use after its end": {func(l *rules.Ledger) {
			receive(l, "a", 0, day)
			l.Use(after(2 * day))
		}, 2*day + 1, false},
		"a better token": {func(l *rules.Ledger) {
			receive(l, "a", 0, time.Hour)
			receive(l, "b", time.Minute, day)
		}, 30 * time.Minute, true},
		"a worse token": {func(l *rules.Ledger) {
			receive(l, "a", 0, day)
			receive(l, "b", time.Hour, 3*time.Hour)
			l.Use(after(110 * time.Minute))
		}, 200 * time.Minute, true},
		"a worse token after a 401": {func(l *rules.Ledger) {
			receive(l, "a", 0, day)
			l.Reject()
			receive(l, "b", time.Hour, 3*time.Hour)
			l.Use(after(110 * time.Minute))
		}, 200 * time.Minute, false},
		"a worse token after Invalidate": {func(l *rules.Ledger) {
			receive(l, "a", 0, day)
			l.Invalidate(after(time.Minute))
			receive(l, "b", time.Hour, 3*time.Hour)
			l.Use(after(110 * time.Minute))
		}, 200 * time.Minute, false},
		"a token whose request was overtaken": {func(l *rules.Ledger) {
			receive(l, "a", 20*time.Minute, time.Hour)
			l.Receive("b", after(19*time.Minute), after(21*time.Minute), after(day))
		}, 2 * time.Hour, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := &rules.Ledger{}
			tc.before(l)
			require.Equal(t, tc.want, l.InHand(after(tc.now), 0))
		})
	}
}

func TestLedgerIsSuspended(t *testing.T) {
	t.Parallel()
	l := &rules.Ledger{}
	require.False(t, l.IsSuspended(noon), "nothing was invalidated")
	l.Invalidate(noon)
	require.True(t, l.IsSuspended(after(76*time.Second)), "a flight takes 75 s, and a try a second more")
	require.False(t, l.IsSuspended(after(76*time.Second+1)))
}

func TestLedgerMayHold(t *testing.T) {
	t.Parallel()
	l := &rules.Ledger{}
	require.False(t, l.MayHold(noon), "no token came")
	l.Receive("a", noon, noon, after(day))
	require.True(t, l.MayHold(noon), "though it is of this moment")
	l.Invalidate(noon)
	l.Receive("b", noon, after(time.Second), after(time.Hour))
	require.True(t, l.MayHold(after(day-1)), "the longest of all, whichever the client took")
	require.False(t, l.MayHold(after(day)))
}
