package aztoken

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRequestKey(t *testing.T) {
	t.Parallel()
	keys := map[string]request{}
	for _, resource := range []string{"r", "rt", "r/t"} {
		for _, tenant := range []string{"", "t", "c", "tc", "tcae", "ttrue"} {
			for _, cae := range []bool{false, true} {
				r := request{resource, tenant, cae}
				require.NotContains(t, keys, r.key(), "%+v and %+v", r, keys[r.key()])
				keys[r.key()] = r
			}
		}
	}
	require.Equal(t, "r", request{resource: "r"}.key(), "which the read path looks up as it is")
}
