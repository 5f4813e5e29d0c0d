package operation

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestConnectionLimit(t *testing.T) {
	t.Parallel()
	for files, want := range map[uint64]int{0: 1024, 1 << 20: 1024, 1088: 1024, 1087: 1023, 256: 192, 64: 1, 1: 1} {
		require.Equal(t, want, connectionLimit(files), "%d files", files)
	}
}
