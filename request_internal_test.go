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

func TestRequestCheck(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		request request
		want    error
	}{
		{request{resource: "https://r", tenant: "contoso.example"}, nil},
		{request{}, errNoResource},
		{request{resource: "a b"}, errBadName},
		{request{resource: "r\x00"}, errBadName},
		{request{resource: "r", tenant: "t\n"}, errBadTenant},
		{request{resource: "r", tenant: "t\x00"}, errBadTenant},
		{request{resource: "r", tenant: "\u00e4"}, errBadTenant},
	} {
		require.Equal(t, tc.want, tc.request.check(), "%q", tc.request)
	}
}
