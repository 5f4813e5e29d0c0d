package rules_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/soak/rules"
)

// broken returns the rules that findings name.
func broken(all []rules.Finding) (names []rules.Rule) {
	for _, f := range all {
		names = append(names, f.Rule)
	}
	return names
}

var errNoToken = errors.New("no token")

func TestTokenCall(t *testing.T) {
	t.Parallel()
	type call = rules.TokenCall
	for name, tc := range map[string]struct {
		call call
		want []rules.Rule
	}{
		"a token at once":              {call{End: noon, InHand: true, TokenEnd: after(time.Hour)}, nil},
		"a token three seconds before": {call{End: noon, InHand: true, TokenEnd: after(3 * time.Second)}, nil},
		"a token in its last second":   {call{End: noon, TokenEnd: after(time.Second)}, []rules.Rule{rules.NoExpired}},
		"an expired token":             {call{End: noon, TokenEnd: after(-time.Second)}, []rules.Rule{rules.NoExpired}},
		"a token of another source":    {call{End: noon}, []rules.Rule{rules.NoForeign}},
		"a wait with a token in hand": {call{End: after(1), InHand: true, TokenEnd: after(time.Hour)},
			[]rules.Rule{rules.NoWait}},
		"a wait without one": {call{End: after(time.Minute), TokenEnd: after(time.Hour)}, nil},
		"two seconds after Invalidate": {
			call{End: after(2 * time.Second), InHand: true, Suspended: true, TokenEnd: after(time.Hour)}, nil,
		},
		"more after Invalidate": {
			call{End: after(2*time.Second + 1), InHand: true, Suspended: true, TokenEnd: after(time.Hour)},
			[]rules.Rule{rules.NoWait},
		},
		"ten seconds for claims": {call{End: after(10 * time.Second), InHand: true, Claims: true, Err: errNoToken}, nil},
		"more for claims": {
			call{End: after(11 * time.Second), InHand: true, Claims: true, Err: errNoToken}, []rules.Rule{rules.NoWait},
		},
		"no other token for claims":  {call{End: noon, MayHold: true, Claims: true, Err: errNoToken}, nil},
		"no token at all for claims": {call{End: noon, Claims: true, Err: errNoToken}, []rules.Rule{rules.NoRiddle}},
		"a failure with a token in hand": {
			call{End: noon, InHand: true, Err: errNoToken, Troubled: true}, []rules.Rule{rules.NoFailure},
		},
		"a failure after Invalidate": {
			call{End: noon, InHand: true, Suspended: true, Err: errNoToken}, []rules.Rule{rules.NoFailure},
		},
		"a failure after Invalidate of a call without time": {call{
			End: noon, Deadline: noon, InHand: true, Suspended: true, Over: true, OverBefore: true, Err: context.Canceled,
		}, nil},
		"a failure without a fault": {call{End: noon, Err: errNoToken}, []rules.Rule{rules.NoRiddle}},
		"a failure with a fault":    {call{End: noon, Err: errNoToken, Troubled: true}, nil},
		"a deadline": {
			call{End: after(time.Second), Deadline: after(time.Second), Over: true, Err: errNoToken}, nil,
		},
		"a missed deadline": {
			call{End: after(time.Second + 1), Deadline: after(time.Second), Over: true, Err: errNoToken},
			[]rules.Rule{rules.Deadlines},
		},
		"78 seconds without a deadline": {call{End: after(78 * time.Second), Err: errNoToken, Troubled: true}, nil},
		"more without a deadline": {
			call{End: after(79 * time.Second), Err: errNoToken, Troubled: true}, []rules.Rule{rules.Deadlines},
		},
		"a closed client": {call{End: after(time.Hour), InHand: true, Closed: true, Err: errNoToken}, nil},
		"an error that shows a token": {
			call{End: noon, Troubled: true, Err: errors.New("eyJhbGciOi")}, []rules.Rule{rules.NoSecret},
		},
		"slack for a wait": {
			call{End: after(time.Millisecond), InHand: true, Slack: time.Second, TokenEnd: after(time.Hour)}, nil,
		},
		"no slack for an expired token": {
			call{End: noon, Slack: time.Second, TokenEnd: after(-time.Second)}, []rules.Rule{rules.NoExpired},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tc.call.Start = noon
			require.Equal(t, tc.want, broken(tc.call.Findings()))
		})
	}
}

func TestIsTroubled(t *testing.T) {
	t.Parallel()
	require.False(t, rules.IsTroubled(time.Time{}, noon, 0), "nothing failed")
	require.True(t, rules.IsTroubled(after(-time.Minute), noon, 0))
	require.False(t, rules.IsTroubled(after(-time.Minute-1), noon, 0))
}
