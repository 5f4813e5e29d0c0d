package graph_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/graph"
)

func TestTheIDOfARoleIsAUUIDOfVersion5(t *testing.T) {
	t.Parallel()
	const dns = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
	// RFC 9562, appendix A.4.
	require.Equal(t, "2ed6657d-e927-568b-95e1-2665a8aea6a2", graph.RoleID(dns, "www.example.com"))
	require.NotEqual(t, graph.RoleID(dns, "consumer"), graph.RoleID(dns, "Consumer"))
	require.Empty(t, graph.RoleID("orders-api", "consumer"))
}

func TestWhatIsAGUID(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{
		"6ba7b810-9dad-11d1-80b4-00c04fd430c8":   true,
		"6BA7B810-9DAD-11D1-80B4-00C04FD430C8":   true,
		"6ba7b810-9dad-11d1-80b4-00c04fd430cg":   false,
		"6ba7b8109dad11d180b400c04fd430c8":       false,
		"6ba7b810-9dad-11d1-80b4-00c04fd430c":    false,
		"{6ba7b810-9dad-11d1-80b4-00c04fd430c8}": false,
		"6ba7b810-9dad-11d1-80b4-00c04fd430c80":  false,
		"6ba7b8100-dad-11d1-80b4-00c04fd430c8":   false,
		"":                                       false,
	} {
		require.Equal(t, want, graph.IsGUID(s), s)
	}
}
