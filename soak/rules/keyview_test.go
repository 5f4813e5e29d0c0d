package rules_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/soak/rules"
)

func TestReadKeys(t *testing.T) {
	t.Parallel()
	keys, ok := rules.ReadKeys([]byte(`{"keys":[{"kid":"k","x5c":["c"]},{"kid":"bare"},{"kid":["odd"],"x5c":["c"]},7]}`))
	require.True(t, ok)
	require.Equal(t, map[string]bool{"k": true}, keys)
	for _, body := range []string{``, `{"keys":[]}`, `{"keys":[{"kid":"bare"}]}`} {
		_, ok := rules.ReadKeys([]byte(body))
		require.False(t, ok, body)
	}
}
