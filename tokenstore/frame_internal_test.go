package tokenstore

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestFrame(t *testing.T) {
	t.Parallel()
	end := time.Date(2031, 2, 3, 4, 5, 6, 0, time.UTC)
	file := frame(end, []byte("blob"))

	t.Run("holds expiry and blob", func(t *testing.T) {
		expires, blob, err := unframe(file)
		require.NoError(t, err)
		require.True(t, end.Equal(expires))
		require.Equal(t, "blob", string(blob))
	})
	t.Run("shows every bit that is damaged", func(t *testing.T) {
		for bit := range 8 * len(file) {
			damaged := bytes.Clone(file)
			damaged[bit/8] ^= 1 << (bit % 8)
			_, _, err := unframe(damaged)
			require.ErrorIs(t, err, ErrUnreadable, "bit %d", bit)
		}
	})
	t.Run("shows every end that is cut off, and what was added", func(t *testing.T) {
		for size := range file {
			_, _, err := unframe(file[:size])
			require.ErrorIs(t, err, ErrUnreadable, "%d bytes", size)
		}
		_, _, err := unframe(append(bytes.Clone(file), 0))
		require.ErrorIs(t, err, ErrUnreadable)
	})
}
