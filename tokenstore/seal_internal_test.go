package tokenstore

import (
	"bytes"
	"encoding/hex"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func testKey(t testing.TB, c byte) key {
	t.Helper()
	k, err := deriveKey(bytes.Repeat([]byte{c}, KeySize))
	require.NoError(t, err)
	return k
}

func TestSeal(t *testing.T) {
	t.Parallel()
	k := testKey(t, 1)
	ring := keyring{testKey(t, 2), k}
	blob, err := k.seal("name", "place", []byte("payload"))
	require.NoError(t, err)

	t.Run("opens by any key of the list", func(t *testing.T) {
		got, err := ring.open("name", "place", blob)
		require.NoError(t, err)
		require.Equal(t, "payload", string(got))
	})
	t.Run("does not open with a bit changed, wherever it is", func(t *testing.T) {
		for bit := range 8 * len(blob) {
			damaged := bytes.Clone(blob)
			damaged[bit/8] ^= 1 << (bit % 8)
			_, err := ring.open("name", "place", damaged)
			require.ErrorIs(t, err, ErrUnreadable, "bit %d", bit)
		}
	})
	t.Run("does not open when it is cut off, wherever it is", func(t *testing.T) {
		for size := range blob {
			_, err := ring.open("name", "place", blob[:size])
			require.ErrorIs(t, err, ErrUnreadable, "%d bytes", size)
		}
	})
	t.Run("does not open under another name, in another place or by another key", func(t *testing.T) {
		for _, open := range []func() ([]byte, error){
			func() ([]byte, error) { return ring.open("nam", "place", blob) },
			func() ([]byte, error) { return ring.open("name", "places", blob) },
			func() ([]byte, error) { return ring.open("namep", "lace", blob) },
			func() ([]byte, error) { return ring.open("place", "name", blob) },
			func() ([]byte, error) { return keyring{testKey(t, 2)}.open("name", "place", blob) },
			func() ([]byte, error) { return keyring{}.open("name", "place", blob) },
		} {
			_, err := open()
			require.ErrorIs(t, err, ErrUnreadable)
		}
	})
	t.Run("is different each time", func(t *testing.T) {
		again, err := k.seal("name", "place", []byte("payload"))
		require.NoError(t, err)
		require.NotEqual(t, blob, again)
	})
	t.Run("fills a blob to the last byte, and not beyond", func(t *testing.T) {
		room := MaxBlob - headerSize - k.aead.Overhead()
		full, err := k.seal("name", "place", make([]byte, room))
		require.NoError(t, err)
		require.Len(t, full, MaxBlob)
		_, err = ring.open("name", "place", full)
		require.NoError(t, err)
		_, err = k.seal("name", "place", make([]byte, room+1))
		require.Error(t, err)
	})
}

// A blob that this package cannot read any more costs every user a fleet of cold starts: change
// version instead.
func TestTheFormatStays(t *testing.T) {
	t.Parallel()
	k := testKey(t, 7)
	entry := Entry{Host: "imds", Identity: "client_id:1", Resource: "https://vault.azure.net", CAE: true}
	require.Equal(t, "c3ab1b8bd7de718fc504f8420a535a866c8574b20a7f8fc6676a4abb82c1e6e0", k.nameOf(entry))
	blob, err := hex.DecodeString("0173f823bc2aa856893d392cf1851ea8da826954c590f6d4" +
		"ab18c4ba86e035fe28e2a63bc33fc41445f94aea")
	require.NoError(t, err)
	got, err := keyring{k}.open("name", "place", blob)
	require.NoError(t, err)
	require.Equal(t, "payload", string(got))
}

func FuzzOpen(f *testing.F) {
	k := testKey(f, 1)
	blob, err := k.seal("name", "place", []byte("payload"))
	require.NoError(f, err)
	f.Add(blob)
	f.Add(blob[:headerSize])
	f.Add(append(k.header(), make([]byte, 28)...))
	f.Add(frame(time.Unix(0, 0), blob))
	f.Fuzz(func(t *testing.T, file []byte) {
		got, err := keyring{k}.open("name", "place", file)
		if err == nil && string(got) != "payload" {
			t.Fatalf("a blob that nobody sealed opens: %x", file)
		}
		if _, inner, err := unframe(file); err == nil {
			if got, err := (keyring{k}).open("name", "place", inner); err == nil && string(got) != "payload" {
				t.Fatalf("a file that nobody sealed opens: %x", file)
			}
		}
	})
}
