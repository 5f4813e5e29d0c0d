package verify

import (
	"crypto/rsa"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestHeldWith(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	key := func(n int64) *signingKey {
		return &signingKey{public: &rsa.PublicKey{N: big.NewInt(n), E: 65537}, origins: []keyOrigin{{}}}
	}
	first, second, changed := key(3), key(5), key(7)
	missing := absence{Since: now.Add(-time.Minute), Answers: 3}
	over := absence{Since: now.Add(-2 * time.Hour), Answers: 20}
	for name, tc := range map[string]struct {
		held, saved held
		newest      answer
		want        held
	}{
		"a key that the answer lacks serves on": {
			held{"second": {key: second}}, held{"first": {key: first}}, answer{"second": second},
			held{"second": {key: second}, "first": {key: first, absent: absence{Since: now, Answers: 1}}},
		},
		"its absence goes on": {
			held{"second": {key: second}}, held{"first": {key: first, absent: missing}}, answer{"second": second},
			held{"second": {key: second}, "first": {key: first, absent: absence{Since: missing.Since, Answers: 4}}},
		},
		"and ends": {
			held{"second": {key: second}}, held{"first": {key: first, absent: over}}, answer{"second": second},
			held{"second": {key: second}},
		},
		"other material under its id wins": {
			held{"first": {key: changed}}, held{"first": {key: first}}, answer{"first": changed},
			held{"first": {key: changed}},
		},
		"what is of no use any more does not come back": {
			held{"second": {key: second}}, held{"first": {key: first}}, answer{"first": nil, "second": second},
			held{"second": {key: second}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tc.want, tc.held.with(tc.saved, tc.newest, now))
		})
	}
}
