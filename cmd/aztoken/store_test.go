package main_test

import (
	"bytes"
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/internal/secret"
	"github.com/seed-ac726066/aztoken/internal/stored"
	"github.com/seed-ac726066/aztoken/tokenstore"
)

func TestTokenStore(t *testing.T) {
	t.Parallel()
	t.Run("takes the token of the call before, also in an outage", func(t *testing.T) {
		t.Parallel()
		srv := imdstest.NewServer(t, &imdstest.Options{MintAfter: -1})
		dir := filepath.Join(t.TempDir(), "tokens")
		ask := func() string {
			got := invocation{env: srv.IMDS().Environ(), asked: true}.run(t, "token", orders, "--client-id", imdstest.DefaultClientID, "--store", dir)
			require.Zero(t, got.status, got.stderr)
			require.Empty(t, got.stderr)
			return got.stdout
		}
		first := ask()
		srv.Break(imdstest.Status(503))
		require.True(t, first == ask(), "another token")
		require.Equal(t, 1, srv.Count())
		require.NoError(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
			require.NoError(t, err)
			if !d.IsDir() {
				content, err := os.ReadFile(path)
				require.NoError(t, err)
				require.NotContains(t, string(content), "eyJ")
			}
			return nil
		}))
	})
	t.Run("waits for the refresh of one that is due", func(t *testing.T) {
		t.Parallel()
		srv := imdstest.NewServer(t, &imdstest.Options{MintAfter: -1})
		dir := t.TempDir()
		store, err := tokenstore.New(tokenstore.Dir(dir))
		require.NoError(t, err)
		now := time.Now()
		old := stored.Token{Value: secret.New("old"), Acquired: now.Add(-20 * time.Hour), Given: now.Add(-20 * time.Hour), Expires: now.Add(4 * time.Hour)}
		name := tokenstore.Entry{Host: "IMDS", Identity: "client " + imdstest.DefaultClientID, Resource: orders}
		require.NoError(t, store.Save(t.Context(), name, old.Encode(), old.Expires))
		ask := func() string {
			got := invocation{env: srv.IMDS().Environ(), asked: true}.run(t, "token", orders, "--client-id", imdstest.DefaultClientID, "--store", dir)
			require.Zero(t, got.status, got.stderr)
			return strings.TrimSpace(got.stdout)
		}
		srv.Break(imdstest.Status(503))
		require.Equal(t, "old", ask())
		require.Equal(t, 1, srv.Count())
		srv.Recover()
		fresh := ask()
		require.NotEqual(t, "old", fresh)
		require.True(t, fresh == ask())
		require.Equal(t, 2, srv.Count())
	})
	t.Run("asks for another token if told to", func(t *testing.T) {
		t.Parallel()
		srv := imdstest.NewServer(t, &imdstest.Options{MintAfter: -1})
		dir := t.TempDir()
		ask := func(flags ...string) string {
			args := append([]string{"token", orders, "--client-id", imdstest.DefaultClientID, "--store", dir}, flags...)
			got := invocation{env: srv.IMDS().Environ(), asked: true}.run(t, args...)
			require.Zero(t, got.status, got.stderr)
			return got.stdout
		}
		first := ask()
		second := ask("--renew")
		require.True(t, first != second, "the same token")
		require.True(t, second == ask(), "another token")
		require.Equal(t, 2, srv.Count())
		srv.Break(imdstest.Status(503))
		require.True(t, second == ask("--renew"), "there is no other")
	})
	t.Run("says that the store does not work, and prints the token", func(t *testing.T) {
		t.Parallel()
		srv := imdstest.NewServer(t, nil)
		file := filepath.Join(t.TempDir(), "file")
		require.NoError(t, os.WriteFile(file, nil, 0o600))
		got := invocation{asked: true}.run(t, "token", orders, "--endpoint", srv.URL, "--store", file)
		require.Zero(t, got.status)
		require.Contains(t, got.stdout, "eyJ")
		require.Contains(t, got.stderr, "the store does not work")
	})
	t.Run("keeps tokens under a key from elsewhere", func(t *testing.T) {
		t.Parallel()
		srv := imdstest.NewServer(t, &imdstest.Options{MintAfter: -1})
		dir, key := t.TempDir(), filepath.Join(t.TempDir(), "key")
		content := make([]byte, tokenstore.KeySize)
		_, _ = rand.Read(content)
		require.NoError(t, os.WriteFile(key, content, 0o600))
		for range 2 {
			got := invocation{asked: true}.run(t, "token", orders, "--endpoint", srv.URL, "--client-id", imdstest.DefaultClientID, "--store", dir, "--store-key", key)
			require.Zero(t, got.status, got.stderr)
		}
		require.Equal(t, 1, srv.Count())
		require.NoFileExists(t, filepath.Join(dir, "own.key"))
	})
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"an empty directory":            {[]string{"--store="}, "--store is empty"},
		"a key without a store":         {[]string{"--store-key=k"}, "--store-key is for --store"},
		"a renewal without a store":     {[]string{"--renew"}, "--renew is for --store"},
		"one's own sign-in and a store": {[]string{"--dev", "--store=s"}, "dev"},
	} {
		t.Run("refuses "+name, func(t *testing.T) {
			t.Parallel()
			got := aztoken(t, append([]string{"token", orders}, c.args...)...)
			require.Equal(t, 2, got.status, got.stderr)
			require.Contains(t, got.stderr, c.want)
		})
	}
	t.Run("refuses a key of the wrong size", func(t *testing.T) {
		t.Parallel()
		key := filepath.Join(t.TempDir(), "key")
		require.NoError(t, os.WriteFile(key, []byte("short"), 0o600))
		got := aztoken(t, "token", orders, "--store", t.TempDir(), "--store-key", key)
		require.Equal(t, 1, got.status)
		require.Contains(t, got.stderr, "a key has 32")
	})
}

func TestDoctorStore(t *testing.T) {
	t.Parallel()
	srv := imdstest.NewServer(t, nil)
	t.Run("reports the tokens in it", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		examine := func() outcome { return aztoken(t, "doctor", orders, "--endpoint", srv.URL, "--store", dir) }
		got := examine()
		require.Zero(t, got.status, got.stdout)
		require.Contains(t, got.stdout, "✓ store")
		require.Contains(t, got.stdout, "nothing saved in "+dir+" yet")
		require.Zero(t, invocation{asked: true}.run(t, "token", orders, "--endpoint", srv.URL, "--store", dir).status)
		got = examine()
		require.Zero(t, got.status, got.stdout)
		require.Contains(t, got.stdout, "1 token in "+dir)
		require.Contains(t, got.stdout, "1 valid; the newest was saved ")
		require.Contains(t, got.stdout, "its key is in the directory")
		require.NotContains(t, got.stdout, "CLIENT")
	})
	t.Run("says what cannot be opened, also when there is no endpoint", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		require.Zero(t, invocation{asked: true}.run(t, "token", orders, "--endpoint", srv.URL, "--store", dir).status)
		files, err := filepath.Glob(filepath.Join(dir, "*", "*.entry"))
		require.NoError(t, err)
		require.Len(t, files, 1)
		require.NoError(t, os.WriteFile(files[0], []byte("noise"), 0o600))
		got := aztoken(t, "doctor", orders, "--endpoint", "http://127.0.0.1:1", "--store", dir)
		require.Equal(t, 1, got.status)
		require.Contains(t, got.stdout, "✗ store")
		require.Contains(t, got.stdout, "1 unreadable")
		require.Contains(t, got.stdout, "--store-key")
		require.Contains(t, got.stderr, "checks failed: 2")
	})
	t.Run("asks for the key of the program that saved them", func(t *testing.T) {
		t.Parallel()
		dir, key := t.TempDir(), filepath.Join(t.TempDir(), "key")
		require.NoError(t, os.WriteFile(key, bytes.Repeat([]byte{1}, 32), 0o600))
		require.Zero(t, invocation{asked: true}.run(t, "token", orders, "--endpoint", srv.URL, "--store", dir, "--store-key", key).status)
		got := aztoken(t, "doctor", orders, "--endpoint", srv.URL, "--store", dir)
		require.Equal(t, 1, got.status)
		require.Contains(t, got.stdout, "1 unreadable")
		require.Contains(t, got.stdout, "--store-key")
		require.NotContains(t, got.stdout, "its key is in the directory")
		got = aztoken(t, "doctor", orders, "--endpoint", srv.URL, "--store", dir, "--store-key", key)
		require.Zero(t, got.status, got.stdout)
		require.Contains(t, got.stdout, "1 valid")
	})
	t.Run("says why a directory cannot be used", func(t *testing.T) {
		t.Parallel()
		file := filepath.Join(t.TempDir(), "file")
		require.NoError(t, os.WriteFile(file, nil, 0o600))
		got := aztoken(t, "doctor", orders, "--endpoint", srv.URL, "--store", file, "--output", "json")
		require.Equal(t, 1, got.status)
		require.Contains(t, got.stdout, `"name": "store"`)
	})
}
