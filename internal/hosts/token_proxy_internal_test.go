package hosts

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestIsServerName(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"abc.ests.aks", "localhost", "a-b.c_d.example", strings.Repeat("a", 63) + ".aks"} {
		require.True(t, isServerName(good), good)
	}
	for _, bad := range []string{"", ".", "a..b", "abc.ests.aks.", "abc.ests.aks:443", "https://abc", "a b", "abc\n", "10.0.0.1", "::1", "*.aks",
		strings.Repeat("a", 64) + ".aks", strings.Repeat("a.", 130) + "aks"} {
		require.False(t, isServerName(bad), bad)
	}
}
