package rules_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/soak/rules"
)

func TestVerification(t *testing.T) {
	t.Parallel()
	var (
		k       = map[string]bool{"k": true}
		known   = rules.Known(k, after(-time.Hour))
		stale   = rules.Known(k, after(-24*time.Hour)).Failed(after(-time.Second))
		other   = rules.Known(map[string]bool{"other": true}, after(-time.Hour))
		failing = rules.Keyview{}.Failed(after(-time.Minute))
	)
	const longAgo = -time.Hour
	for name, tc := range map[string]struct {
		view      rules.Keyview
		status    int
		took      time.Duration
		published time.Duration // 0: it is not
		want      []rules.Rule
	}{
		"a known key":                           {known, 200, 0, longAgo, nil},
		"a known key, rejected":                 {known, 401, 0, longAgo, []rules.Rule{rules.Accepts}},
		"a known key, undecided":                {known, 503, 0, longAgo, []rules.Rule{rules.Accepts}},
		"a known key that takes time":           {known, 200, 1, longAgo, []rules.Rule{rules.Accepts}},
		"a known key that was withdrawn":        {known, 200, 0, 0, nil},
		"a day without Entra":                   {stale, 503, 0, longAgo, nil},
		"a day without Entra, accepted":         {stale, 200, 0, longAgo, []rules.Rule{rules.Refuses}},
		"an unpublished key":                    {other, 401, 0, 0, nil},
		"an unpublished key, accepted":          {other, 200, 0, 0, []rules.Rule{rules.Refuses}},
		"a key of four minutes":                 {other, 401, 0, -4 * time.Minute, nil},
		"a key of an hour":                      {other, 401, 0, longAgo, []rules.Rule{rules.Refuses}},
		"a key of an hour, undecided":           {other, 503, 0, longAgo, []rules.Rule{rules.Refuses}},
		"a start during an outage":              {failing, 503, 10 * time.Second, longAgo, nil},
		"a start that takes longer":             {failing, 503, 11 * time.Second, longAgo, []rules.Rule{rules.Accepts, rules.Refuses}},
		"a start long after an outage":          {rules.Keyview{}.Failed(after(-2 * time.Minute)), 503, 0, longAgo, []rules.Rule{rules.Refuses}},
		"a start while Entra is asked":          {rules.Keyview{}.Asking(), 503, 0, longAgo, nil},
		"a status that means something else":    {failing, 500, 0, longAgo, []rules.Rule{rules.Refuses}},
		"keys that came after a failed attempt": {rules.Keyview{}.Failed(noon).Fetched(k, after(-time.Minute)), 401, 0, longAgo, []rules.Rule{rules.Accepts}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := rules.Verification{Start: noon, End: after(tc.took), KeyID: "k", Before: tc.view, After: tc.view, Status: tc.status}
			if tc.published != 0 {
				v.Published = after(tc.published)
			}
			require.Equal(t, tc.want, broken(v.Findings()))
		})
	}
}

func TestMadeUpToken(t *testing.T) {
	t.Parallel()
	require.Empty(t, rules.MadeUpToken(401))
	require.Empty(t, rules.MadeUpToken(503))
	for _, status := range []int{200, 302, 500} {
		require.Equal(t, []rules.Rule{rules.RejectsBad}, broken(rules.MadeUpToken(status)), status)
	}
}
