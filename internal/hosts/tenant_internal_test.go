package hosts

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestIsTenant(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"7e000000-0000-4000-8000-00000000000a", "contoso.onmicrosoft.com", "t"} {
		require.True(t, IsTenant(good), good)
	}
	for _, bad := range []string{"", "..", "a/b", "a b", "t\n", "common", "Organizations", "consumers", "a?b", "a%2fb", "ä"} {
		require.False(t, IsTenant(bad), bad)
	}
}
