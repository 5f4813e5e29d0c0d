package results_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/bench/internal/results"
)

func TestResultsAreKept(t *testing.T) {
	t.Parallel()
	type result struct{ Text string }
	root := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(root, results.Folder), 0o700))
	_, err := results.Load[result](root, "size")
	require.ErrorContains(t, err, "go run ./size")
	require.NoError(t, results.Save(root, "size", result{"a < b"}))
	got, err := results.Load[result](root, "size")
	require.NoError(t, err)
	require.Equal(t, result{"a < b"}, got)
	_, err = results.Load[struct{ Other int }](root, "size")
	require.ErrorContains(t, err, "another version")
}
