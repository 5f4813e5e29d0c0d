package extauth

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEncoded(t *testing.T) {
	t.Parallel()
	const plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~:/@-"
	for c := range 256 {
		text, want := string([]byte{byte(c)}), fmt.Sprintf("%%%02X", c)
		if strings.Contains(plain, text) {
			want = text
		}
		require.Equal(t, want, encoded(text))
		require.Equal(t, "a"+want+"z", encoded("a"+text+"z"))
	}
	require.Equal(t, "a%2C,b%20", encodedAll([]string{"a,", "b "}, ","))
	require.Equal(t, "a%20 b", encodedAll([]string{"a ", "b"}, " "))
	require.Empty(t, encodedAll(nil, ","))
}
