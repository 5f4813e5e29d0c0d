package main_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The fakes that the command runs are the engines of imdstest and graphtest, which are for tests:
// what tests need must not come along.
func TestFootprint(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command to ask:", err)
	}
	out, err := exec.Command("go", "list", "-deps", ".", "../../internal/fakegraph").Output()
	require.NoError(t, err)
	linked := strings.Fields(string(out))
	require.Contains(t, linked, "github.com/seed-ac726066/aztoken/internal/fakeazure")
	for _, unwanted := range []string{"testing", "net/http/httptest", "github.com/seed-ac726066/aztoken/imdstest"} {
		require.NotContains(t, linked, unwanted)
	}
}
