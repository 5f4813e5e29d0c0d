package envfile_test

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/envfile"
	"github.com/seed-ac726066/aztoken/internal/secret"
)

func TestNew(t *testing.T) {
	t.Parallel()
	shown := secret.New("a-secret-of-some-length")
	require.Len(t, envfile.New("http://127.0.0.1:1", shown, false), 4)
	env := envfile.New("http://127.0.0.1:1", shown, true)
	require.Equal(t, "http://127.0.0.1:1/msi/token", env["IDENTITY_ENDPOINT"])
	require.Equal(t, "http://127.0.0.1:1", env["AZURE_POD_IDENTITY_AUTHORITY_HOST"])
	require.NotContains(t, env.WithoutSecrets(), "IDENTITY_HEADER")
	require.NotContains(t, env.WithoutSecrets(), "MSI_SECRET")
	require.Len(t, env, 5, "it is as it was")
	require.NotContains(t, envfile.New("", shown, true), "IDENTITY_ENDPOINT", "SDKs do not reach a socket")
}

func TestBaseURL(t *testing.T) {
	t.Parallel()
	at := func(ip string) net.Addr { return &net.TCPAddr{IP: net.ParseIP(ip), Port: 16930} }
	for want, got := range map[string]string{
		"http://127.0.0.1:16930": envfile.BaseURL(at("0.0.0.0"), nil),
		"http://10.0.0.1:16930":  envfile.BaseURL(at("10.0.0.1"), nil),
		"http://[::1]:16930":     envfile.BaseURL(at("::1"), nil),
		"http://agent:16930":     envfile.BaseURL(at("0.0.0.0"), []string{"agent", "other"}),
		"":                       envfile.BaseURL(&net.UnixAddr{Name: "/s"}, []string{"agent"}),
	} {
		require.Equal(t, want, got)
	}
}

func TestReadSecret(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a-secret-of-some-length\r\n": "a-secret-of-some-length", "short": "", "": "", "with blanks in between it": "",
		"two-lines-of-some-length\nmore": "", "quoted-\"-of-some-length": "",
	} {
		file := filepath.Join(t.TempDir(), "header")
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		got, err := envfile.ReadSecret(file)
		require.Equal(t, want, got.Reveal(), text)
		require.Equal(t, want == "", err != nil)
		if err != nil && len(text) > 5 {
			require.NotContains(t, err.Error(), text)
		}
	}
}

func TestWrite(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "env")
	require.NoError(t, os.WriteFile(file, []byte("before"), 0o600))
	require.ErrorContains(t, envfile.Environment{"NAME": "two words"}.Write(file), "NAME")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, "before", string(text), "nothing half-written takes its place")
	entries, err := os.ReadDir(filepath.Dir(file))
	require.NoError(t, err)
	require.Len(t, entries, 1)
}
