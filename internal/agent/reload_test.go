package agent_test

import (
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/internal/agentfile"
)

func TestReload(t *testing.T) {
	t.Parallel()
	t.Run("in an outage keeps the tokens of identities that stay", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			f := start(t, imdstest.New(host()), agentfile.Config{Identities: []agentfile.Identity{{Name: "a", ClientID: clientA}, {Name: "b", ClientID: clientB}}})
			before := f.ask(t, f.appService("a", vault)).token(t)
			f.ask(t, f.appService("b", vault)).token(t)
			old := f.appService("b", vault)
			f.upstream.Break(imdstest.Dropped())
			require.NoError(t, f.Reload(checked(t, agentfile.Config{Identities: []agentfile.Identity{{Name: "a", ClientID: clientA, Allow: []string{vault}}}})))
			synctest.Wait()
			require.Equal(t, before, f.ask(t, f.appService("a", vault)).token(t), "with the secret that its callers have")
			require.Equal(t, http.StatusBadRequest, f.ask(t, f.appService("a", storage)).status)
			require.Equal(t, http.StatusUnauthorized, f.ask(t, old).status, "b is gone")
		})
	})
	t.Run("with another id asks as that", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			f := start(t, imdstest.New(host()), agentfile.Config{Identities: []agentfile.Identity{{Name: "a", ClientID: clientA}}})
			require.Equal(t, clientA, f.holder(t, f.ask(t, f.appService("a", vault)).token(t)))
			require.NoError(t, f.Reload(checked(t, agentfile.Config{Identities: []agentfile.Identity{{Name: "a", ClientID: clientB}}})))
			require.Equal(t, clientB, f.holder(t, f.ask(t, f.appService("a", vault)).token(t)))
		})
	})
	t.Run("that fails leaves all as it was", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			f := start(t, imdstest.New(host()), agentfile.Config{Identities: []agentfile.Identity{{Name: "a", ClientID: clientA}}})
			f.ask(t, f.appService("a", vault)).token(t)
			require.ErrorContains(t, f.Reload(checked(t, agentfile.Config{Identities: []agentfile.Identity{
				{Name: "a", ClientID: clientB}, {Name: "b", HeaderFile: filepath.Join(t.TempDir(), "none")},
			}})), "make the file")
			require.Equal(t, clientA, f.holder(t, f.ask(t, f.appService("a", vault)).token(t)))
			require.Len(t, f.Environments(), 1)
		})
	})
	t.Run("keeps a warm resource warm, and lets go of one that is no more", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			f := start(t, imdstest.New(host()), one(agentfile.Identity{ClientID: clientA, Warm: []string{vault, storage}}))
			time.Sleep(time.Minute)
			require.Contains(t, f.metrics(), `aztoken_token_expiry_timestamp_seconds{identity="default",resource="`+storage, "before anybody has asked for it")
			require.NoError(t, f.Reload(checked(t, one(agentfile.Identity{ClientID: clientA, Warm: []string{vault}}))))
			time.Sleep(5 * 24 * time.Hour)
			ready, details := f.Ready()
			require.True(t, ready, details)
			require.NotContains(t, f.metrics(), storage, "nobody has asked for it")
		})
	})
}

func checked(t *testing.T, c agentfile.Config) agentfile.Config {
	t.Helper()
	c, err := c.Check()
	require.NoError(t, err)
	return c
}

func TestSecret(t *testing.T) {
	t.Parallel()
	secretOf := func(t *testing.T, id agentfile.Identity) string {
		t.Helper()
		f := start(t, imdstest.New(host()), one(id))
		header := f.Environments()[agentfile.DefaultName]["IDENTITY_HEADER"]
		f.Close()
		return header
	}
	t.Run("is another one for each agent without a file", func(t *testing.T) {
		t.Parallel()
		first := secretOf(t, agentfile.Identity{})
		require.GreaterOrEqual(t, len(first), 26)
		require.NotEqual(t, first, secretOf(t, agentfile.Identity{}))
	})
	t.Run("outlives the agent in the environment file, as programs have read it", func(t *testing.T) {
		t.Parallel()
		needsOwners(t)
		id := agentfile.Identity{EnvFile: filepath.Join(t.TempDir(), "agent.env")}
		first := secretOf(t, id)
		require.Equal(t, first, secretOf(t, id))
		info, err := os.Stat(id.EnvFile)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
		text, err := os.ReadFile(id.EnvFile)
		require.NoError(t, err)
		require.Equal(t, "IDENTITY_ENDPOINT=http://127.0.0.1:16930/msi/token\nIDENTITY_HEADER="+first+
			"\nMSI_ENDPOINT=http://127.0.0.1:16930/msi/token\nMSI_SECRET="+first+"\n", string(text))
		entries, err := os.ReadDir(filepath.Dir(id.EnvFile))
		require.NoError(t, err)
		require.Len(t, entries, 1, "nothing else is left there")
	})
	t.Run("is not taken from a file that others could write or read", func(t *testing.T) {
		t.Parallel()
		needsOwners(t)
		id := agentfile.Identity{EnvFile: filepath.Join(t.TempDir(), "agent.env")}
		require.NoError(t, os.WriteFile(id.EnvFile, []byte("IDENTITY_HEADER=known-to-somebody-else\n"), 0o644))
		require.NotEqual(t, "known-to-somebody-else", secretOf(t, id))
		info, err := os.Stat(id.EnvFile)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	})
	t.Run("is that of the header file, whatever the environment file says", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		id := agentfile.Identity{EnvFile: filepath.Join(dir, "agent.env"), HeaderFile: filepath.Join(dir, "header")}
		require.NoError(t, os.WriteFile(id.HeaderFile, []byte("one-that-is-long-enough\n"), 0o600))
		require.Equal(t, "one-that-is-long-enough", secretOf(t, id))
		require.NoError(t, os.WriteFile(id.HeaderFile, []byte("another-that-is-long-enough"), 0o600))
		require.Equal(t, "another-that-is-long-enough", secretOf(t, id))
	})
}

// needsOwners skips a test that depends on the owner of a file, which a program cannot see on
// Windows: there each start makes another secret.
func needsOwners(t *testing.T) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("files have neither modes nor owners that a program could see")
	}
}
