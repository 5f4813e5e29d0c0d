package aztoken_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func goCommand(t *testing.T, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command to ask:", err)
	}
	var stderr strings.Builder
	cmd := exec.Command("go", args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, stderr.String())
	return string(out)
}

func TestFootprint(t *testing.T) {
	t.Parallel()
	t.Run("of a program that wants tokens, is azcore and x/sync", func(t *testing.T) {
		t.Parallel()
		const sdk = "github.com/Azure/azure-sdk-for-go/sdk/"
		allowed := map[string]bool{
			"github.com/seed-ac726066/aztoken": true, sdk + "azcore": true, "golang.org/x/sync": true,
			// These are what azcore needs.
			sdk + "internal": true, "golang.org/x/net": true, "golang.org/x/text": true,
		}
		for module := range strings.FieldsSeq(goCommand(t, "list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", ".")) {
			require.True(t, allowed[module], module)
		}
	})
	t.Run("of a program that wants tokens, has no page to look at", func(t *testing.T) {
		t.Parallel()
		linked := strings.Fields(goCommand(t, "list", "-deps", ".", "./verify"))
		require.Contains(t, linked, "github.com/seed-ac726066/aztoken/verify")
		for _, unwanted := range []string{"html/template", "github.com/seed-ac726066/aztoken/statusz", "github.com/seed-ac726066/aztoken/internal/statuspage"} {
			require.NotContains(t, linked, unwanted)
		}
	})
	t.Run("of a program that wants tokens, is no larger than that of one on bare azcore", func(t *testing.T) {
		if testing.Short() {
			t.Skip("-short: the size is judged with the current Go, in a full run")
		}
		t.Parallel()
		size := func(program string) float64 {
			bin := filepath.Join(t.TempDir(), program)
			goCommand(t, "build", "-ldflags=-s -w", "-o", bin, "./testdata/size/"+program)
			info, err := os.Stat(bin)
			require.NoError(t, err)
			return float64(info.Size())
		}
		bare, ours := size("bare"), size("token")
		t.Logf("%.2f MB against %.2f MB", ours/1e6, bare/1e6)
		require.Less(t, ours, 1.1*bare)
	})
}
