package main

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// broken are the rules that findings name.
func broken(all []finding) (names []rule) {
	for _, f := range all {
		names = append(names, f.rule)
	}
	return names
}

func TestWhatACallMayDo(t *testing.T) {
	t.Parallel()
	failed := errors.New("no token")
	after := func(d time.Duration) time.Time { return noon.Add(d) }
	for name, tc := range map[string]struct {
		o    outcome
		want []rule
	}{
		"a token at once":                  {outcome{end: noon, inHand: true, ends: after(time.Hour)}, nil},
		"a token three seconds before":     {outcome{end: noon, inHand: true, ends: after(3 * time.Second)}, nil},
		"a token in its last second":       {outcome{end: noon, ends: after(time.Second)}, []rule{noExpired}},
		"an expired token":                 {outcome{end: noon, ends: after(-time.Second)}, []rule{noExpired}},
		"somebody else's token":            {outcome{end: noon}, []rule{noForeign}},
		"a wait with one in hand":          {outcome{end: after(1), inHand: true, ends: after(time.Hour)}, []rule{noWait}},
		"a wait without":                   {outcome{end: after(time.Minute), ends: after(time.Hour)}, nil},
		"a wait after Invalidate":          {outcome{end: after(2 * time.Second), inHand: true, suspended: true, ends: after(time.Hour)}, nil},
		"a longer wait after Invalidate":   {outcome{end: after(2*time.Second + 1), inHand: true, suspended: true, ends: after(time.Hour)}, []rule{noWait}},
		"a wait for claims":                {outcome{end: after(10 * time.Second), inHand: true, claims: true, err: failed}, nil},
		"a longer wait for claims":         {outcome{end: after(11 * time.Second), inHand: true, claims: true, err: failed}, []rule{noWait}},
		"a failure with one in hand":       {outcome{end: noon, inHand: true, err: failed, troubled: true}, []rule{noFailure}},
		"the same after Invalidate":        {outcome{end: noon, inHand: true, suspended: true, err: failed}, []rule{noFailure}},
		"the same of one who had no time":  {outcome{end: noon, deadline: noon, inHand: true, suspended: true, over: true, overBefore: true, err: context.Canceled}, nil},
		"a failure without a fault":        {outcome{end: noon, err: failed}, []rule{noRiddle}},
		"a failure with one":               {outcome{end: noon, err: failed, troubled: true}, nil},
		"a deadline":                       {outcome{end: after(time.Second), deadline: after(time.Second), over: true, err: failed}, nil},
		"a deadline that is missed":        {outcome{end: after(time.Second + 1), deadline: after(time.Second), over: true, err: failed}, []rule{deadlines}},
		"no deadline and 78 seconds":       {outcome{end: after(78 * time.Second), err: failed, troubled: true}, nil},
		"no deadline and more":             {outcome{end: after(79 * time.Second), err: failed, troubled: true}, []rule{deadlines}},
		"a client that is closed":          {outcome{end: after(time.Hour), inHand: true, closed: true, err: failed}, nil},
		"an error that shows a token":      {outcome{end: noon, troubled: true, err: errors.New("eyJhbGciOi")}, []rule{noSecret}},
		"slack is no wait":                 {outcome{end: after(time.Millisecond), inHand: true, slack: time.Second, ends: after(time.Hour)}, nil},
		"no slack for a token that is old": {outcome{end: noon, slack: time.Second, ends: after(-time.Second)}, []rule{noExpired}},
	} {
		tc.o.start = noon
		require.Equal(t, tc.want, broken(tc.o.findings()), name)
	}
}

func TestWhatAServiceMayAnswer(t *testing.T) {
	t.Parallel()
	known := keyview{known: map[string]bool{"k": true}, fetched: noon.Add(-time.Hour)}
	stale := keyview{known: map[string]bool{"k": true}, fetched: noon.Add(-keepKeys), failed: noon.Add(-time.Second)}
	other := keyview{known: map[string]bool{"other": true}, fetched: noon.Add(-time.Hour)}
	failing := keyview{failed: noon.Add(-time.Minute)}
	const longAgo = -time.Hour
	for name, tc := range map[string]struct {
		view      keyview
		status    int
		took      time.Duration
		published time.Duration // 0: it is not
		want      []rule
	}{
		"a known key":                            {known, 200, 0, longAgo, nil},
		"a known key, refused":                   {known, 401, 0, longAgo, []rule{accepts}},
		"a known key, not decided":               {known, 503, 0, longAgo, []rule{accepts}},
		"a known key that takes time":            {known, 200, 1, longAgo, []rule{accepts}},
		"a known key that was withdrawn":         {known, 200, 0, 0, nil},
		"a day without Entra":                    {stale, 503, 0, longAgo, nil},
		"a day without Entra, accepted":          {stale, 200, 0, longAgo, []rule{refuses}},
		"a key that is not published":            {other, 401, 0, 0, nil},
		"it is accepted":                         {other, 200, 0, 0, []rule{refuses}},
		"a key of four minutes":                  {other, 401, 0, -4 * time.Minute, nil},
		"a key of an hour":                       {other, 401, 0, longAgo, []rule{refuses}},
		"a key of an hour, not decided":          {other, 503, 0, longAgo, []rule{refuses}},
		"a start during an outage":               {failing, 503, 10 * time.Second, longAgo, nil},
		"a start that takes longer":              {failing, 503, 11 * time.Second, longAgo, []rule{accepts, refuses}},
		"a start long after one":                 {keyview{failed: noon.Add(-2 * time.Minute)}, 503, 0, longAgo, []rule{refuses}},
		"a start while Entra is asked":           {keyview{asking: true}, 503, 0, longAgo, nil},
		"a status that means something else yet": {failing, 500, 0, longAgo, []rule{refuses}},
	} {
		h := hop{start: noon, end: noon.Add(tc.took), kid: "k", before: tc.view, after: tc.view, status: tc.status}
		if tc.published != 0 {
			h.published = noon.Add(tc.published)
		}
		require.Equal(t, tc.want, broken(h.findings()), name)
	}
}
