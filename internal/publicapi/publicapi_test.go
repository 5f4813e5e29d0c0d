package publicapi_test

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/publicapi"
)

func load(t *testing.T, dir string) map[string]*publicapi.Package {
	t.Helper()
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command to ask:", err)
	}
	packages, err := publicapi.Load(dir)
	require.NoError(t, err)
	byPath := map[string]*publicapi.Package{}
	for _, p := range packages {
		byPath[p.Path] = p
	}
	return byPath
}

func TestEveryEntryPointHasAnExample(t *testing.T) {
	t.Parallel()
	packages := load(t, filepath.Join("..", ".."))
	const root = "github.com/seed-ac726066/aztoken"
	for _, path := range []string{root, root + "/imdstest", root + "/statusz", root + "/tokenstore", root + "/verify"} {
		require.Contains(t, packages, path)
	}
	for path, p := range packages {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			require.Empty(t, p.Faults())
		})
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	packages := load(t, filepath.Join("testdata", "module"))
	require.Len(t, packages, 1, "what is internal, a program or for reading is not public")
	require.Equal(t, []string{
		"shop: no example of the package as a whole (func Example)",
		"shop.Close: no example at it uses it",
		"shop.Open: no example at it uses it",
		"shop.Basket.Empty: no example at it, or at Basket, uses it",
		"shop.Unused: no example of the package uses it",
		"shop: ExampleBasket_Len has no output, so that it does not run",
	}, packages["example.com/module/shop"].Faults())
}

func TestLoadSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	_, err := publicapi.Load(t.TempDir())
	require.ErrorContains(t, err, "go list")
}
