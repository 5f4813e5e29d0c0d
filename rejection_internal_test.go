package aztoken

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRejectionNext(t *testing.T) {
	t.Parallel()
	ago := func(d, holdoff time.Duration, byClaims bool) rejection {
		return rejection{on: noon.Add(-d), holdoff: holdoff, byClaims: byClaims, withdrawn: true}
	}
	const m = time.Minute
	for _, tc := range []struct {
		name     string
		last     rejection
		byClaims bool
		acted    bool
		holdoff  time.Duration
	}{
		{"the first", rejection{}, false, true, 5 * m},
		{"the first, a challenge", rejection{}, true, true, 5 * m},
		{"within the hold-off", ago(4*m, 5*m, false), false, false, 0},
		{"at the end of the hold-off", ago(5*m, 5*m, false), false, true, 10 * m},
		{"again and again", ago(41*m, 40*m, false), false, true, 60 * m},
		{"after two quiet hours", ago(121*m, 60*m, false), false, true, 5 * m},
		{"a challenge within the hold-off of a rejection", ago(m, 5*m, false), true, true, 10 * m},
		{"a challenge within the hold-off of a challenge", ago(m, 5*m, true), true, false, 0},
		{"a rejection within the hold-off of a challenge", ago(m, 5*m, true), false, false, 0},
		{"a challenge after the hold-off of a challenge", ago(6*m, 5*m, true), true, true, 10 * m},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			next, acted := tc.last.next(noon, tc.byClaims)
			require.Equal(t, tc.acted, acted)
			if !acted {
				require.Equal(t, tc.last, next)
				return
			}
			require.Equal(t, rejection{on: noon, holdoff: tc.holdoff, byClaims: tc.byClaims}, next)
		})
	}
}
