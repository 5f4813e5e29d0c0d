//go:build unix

package hosts_test

import (
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/hosts"
)

// TestTokenProxyFileLost: if the authority's file is lost or damaged, the last good one counts.
func TestTokenProxyFileLost(t *testing.T) {
	t.Parallel()
	srv, ca := proxyServer(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, good) })
	dir := t.TempDir()
	file, elsewhere := filepath.Join(dir, "ca.crt"), filepath.Join(dir, "..data")
	require.NoError(t, os.WriteFile(elsewhere, ca, 0o600))
	require.NoError(t, os.Symlink(elsewhere, file)) // like the kubelet
	h, err := find(t, boundPod(t, map[string]string{
		"AZURE_KUBERNETES_TOKEN_PROXY": srv.URL, "AZURE_KUBERNETES_SNI_NAME": sniName, "AZURE_KUBERNETES_CA_FILE": file,
	}), hosts.ID{}, nil)
	require.NoError(t, err)
	for _, becomes := range []struct {
		what   string
		change func() error
	}{
		{"as it was", func() error { return os.WriteFile(elsewhere, ca, 0o600) }},
		{"a link to nothing", func() error { return os.Remove(elsewhere) }},
		{"a loop", func() error { return os.Symlink(file, elsewhere) }},
		{"a directory", func() error { return errors.Join(os.Remove(elsewhere), os.Mkdir(elsewhere, 0o700)) }},
		{"too large", func() error {
			return errors.Join(os.Remove(elsewhere), os.WriteFile(elsewhere, make([]byte, 1<<20+1), 0o600))
		}},
		{"zeros", func() error { return os.WriteFile(elsewhere, make([]byte, len(ca)), 0o600) }},
		{"half of it", func() error { return os.WriteFile(elsewhere, ca[:len(ca)/2], 0o600) }},
		{"a FIFO", func() error { return errors.Join(os.Remove(elsewhere), syscall.Mkfifo(elsewhere, 0o600)) }},
		{"gone", func() error { return os.Remove(file) }},
	} {
		require.NoError(t, becomes.change(), becomes.what)
		h.Source.Close() // so that the next request needs a connection
		_, err = h.Source.Token(t.Context(), request)
		require.NoError(t, err, becomes.what)
	}
}
