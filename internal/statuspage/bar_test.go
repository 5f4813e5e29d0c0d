package statuspage

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestBar(t *testing.T) {
	t.Parallel()
	const hour = time.Hour
	for name, tc := range map[string]struct {
		from, next, until time.Duration // from now; a next of 0 is none
		want              Bar
	}{
		"in the middle":           {-6 * hour, 3 * hour, 18 * hour, Bar{25, 75, 37.5, true}},
		"at its begin":            {0, hour, 10 * hour, Bar{0, 100, 10, true}},
		"without a plan":          {-5 * hour, 0, 5 * hour, Bar{50, 50, 0, false}},
		"that is overdue":         {-5 * hour, -hour, 5 * hour, Bar{50, 50, 50, true}},
		"that is planned too far": {-5 * hour, 50 * hour, 5 * hour, Bar{50, 50, 100, true}},
		"that is over":            {-30 * hour, hour, -6 * hour, Bar{100, 0, 0, false}},
		"that begins later":       {hour, 2 * hour, 3 * hour, Bar{0, 100, 50, true}},
		"without a length":        {-hour, hour, -hour, Bar{100, 0, 0, false}},
		"that ends before":        {hour, 2 * hour, -hour, Bar{100, 0, 0, false}},
	} {
		var next time.Time
		if tc.next != 0 {
			next = now.Add(tc.next)
		}
		require.Equal(t, tc.want, newBar(now.Add(tc.from), now.Add(tc.until), next, now), name)
	}
	require.Equal(t, "33.33%", Percent(100.0/3).String())
}
