package graph_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/graph"
)

func TestRoleID(t *testing.T) {
	t.Parallel()
	const dns = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
	// RFC 9562, appendix A.4.
	require.Equal(t, "2ed6657d-e927-568b-95e1-2665a8aea6a2", graph.RoleID(dns, "www.example.com"))
	require.NotEqual(t, graph.RoleID(dns, "consumer"), graph.RoleID(dns, "Consumer"))
	require.Empty(t, graph.RoleID("orders-api", "consumer"))
}
