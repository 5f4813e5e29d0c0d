package program_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/program"
)

func TestEnviron(t *testing.T) {
	t.Parallel()
	result, gone := program.Environ(
		[]string{"PATH=/bin", "MSI_SECRET=a", "MSI_SECRET=b", "EMPTY=", "IDENTITY_HEADER=old", "WITH=a=b"},
		map[string]string{"IDENTITY_HEADER": "new"},
		func(name string) bool { return strings.HasPrefix(name, "MSI_") },
	)
	require.Equal(t, []string{"PATH=/bin", "EMPTY=", "WITH=a=b", "IDENTITY_HEADER=new"}, result)
	require.Equal(t, []string{"IDENTITY_HEADER", "MSI_SECRET"}, gone)
}
