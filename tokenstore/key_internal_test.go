package tokenstore

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNames(t *testing.T) {
	t.Parallel()
	k := testKey(t, 1)
	entry := Entry{
		Host: "imds", Authority: "https://login.microsoftonline.com", Identity: "client_id:1", Tenant: "t", Resource: "https://vault.azure.net",
	}
	t.Run("are lower-case hex that a file can have everywhere", func(t *testing.T) {
		require.Regexp(t, "^[0-9a-f]{64}$", k.nameOf(entry))
		require.True(t, fileName(k.nameOf(entry)))
	})
	t.Run("are the same for the same entry", func(t *testing.T) {
		require.Equal(t, k.nameOf(entry), k.nameOf(entry))
	})
	t.Run("differ by key", func(t *testing.T) {
		require.NotEqual(t, k.nameOf(entry), testKey(t, 2).nameOf(entry))
	})
	t.Run("differ by each part, also where parts run together to the same text", func(t *testing.T) {
		seen := map[string]Entry{k.nameOf(entry): entry}
		for _, change := range []func(*Entry){
			func(e *Entry) { e.Host = "app-service" },
			func(e *Entry) { e.Authority = "" },
			func(e *Entry) { e.Identity = "client_id:2" },
			func(e *Entry) { e.Identity = "object_id:1" },
			func(e *Entry) { e.Tenant = "" },
			func(e *Entry) { e.Resource = "https://vault.azure.net/" },
			func(e *Entry) { e.CAE = true },
			func(e *Entry) { e.Identity, e.Tenant = "client_id:1t", "" },
			func(e *Entry) { e.Identity, e.Tenant = "", "client_id:1t" },
			func(e *Entry) { e.Host, e.Authority = "imdsh", "ttps://login.microsoftonline.com" },
		} {
			changed := entry
			change(&changed)
			name := k.nameOf(changed)
			require.NotContains(t, seen, name, "%+v", changed)
			seen[name] = changed
		}
	})
}

func TestKeys(t *testing.T) {
	t.Parallel()
	k := testKey(t, 1)
	t.Run("of names, of sealing and of ids are different, and none is the user's", func(t *testing.T) {
		user := make([]byte, KeySize)
		for i := range user {
			user[i] = 1
		}
		require.NotContains(t, string(k.name), string(k.id[:]))
		require.NotEqual(t, user, k.name)
		require.NotContains(t, string(user), string(k.id[:]))
	})
	t.Run("are found by their ids", func(t *testing.T) {
		other := testKey(t, 2)
		found, ok := keyring{other, k}.find(k.id)
		require.True(t, ok)
		require.Equal(t, k.id, found.id)
		_, ok = keyring{other}.find(k.id)
		require.False(t, ok)
	})
}
