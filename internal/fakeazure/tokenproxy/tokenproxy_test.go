package tokenproxy_test

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/fakeazure/files"
	"github.com/seed-ac726066/aztoken/internal/fakeazure/tokenproxy"
)

func TestServerNameIsOneLabelOfAKS(t *testing.T) {
	t.Parallel()
	require.Regexp(t, `^a[0-9a-v]{52}\.ests\.aks$`, tokenproxy.ServerName())
}

// trusted reports whether a client with this authority accepts the proxy's certificate.
func trusted(t *testing.T, p *tokenproxy.Proxy, authority []byte) bool {
	t.Helper()
	shown, err := p.Certificate(&tls.ClientHelloInfo{ServerName: tokenproxy.ServerName()})
	require.NoError(t, err)
	require.Len(t, shown.Certificate, 1)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	_, err = shown.Leaf.Verify(x509.VerifyOptions{
		Roots: roots, DNSName: tokenproxy.ServerName(), CurrentTime: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
	})
	return err == nil
}

func TestProxy(t *testing.T) {
	t.Parallel()
	var dir files.Dir
	defer dir.Close()
	p := tokenproxy.New(&dir)
	file, err := p.CAFile()
	require.NoError(t, err)
	read := func() []byte {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		return content
	}
	first := p.CA()
	require.Equal(t, first, read())
	require.True(t, trusted(t, p, first))
	for _, name := range []string{"", "127.0.0.1", "localhost", "x" + tokenproxy.ServerName()} {
		shown, err := p.Certificate(&tls.ClientHelloInfo{ServerName: name})
		require.NoError(t, err)
		require.Nil(t, shown, name)
	}

	require.NoError(t, p.RotateCA())
	second := p.CA()
	require.NotEqual(t, first, second)
	require.Equal(t, second, read())
	require.True(t, trusted(t, p, second))
	require.False(t, trusted(t, p, first), "the one before is no longer shown")
	again, err := p.CAFile()
	require.NoError(t, err)
	require.Equal(t, file, again, "the file stays where it is")

	require.NoError(t, p.WriteCA([]byte{}))
	require.Empty(t, read())
	require.NoError(t, p.WriteCA(nil))
	_, err = os.Stat(file)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.Equal(t, second, p.CA(), "it is only the file")
	require.NoError(t, p.WriteCA(p.CA()))
	require.True(t, trusted(t, p, read()))
}
