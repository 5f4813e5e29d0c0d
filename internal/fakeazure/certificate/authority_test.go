package certificate_test

import (
	"crypto/x509"
	"encoding/pem"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/fakeazure/certificate"
)

func TestAuthority(t *testing.T) {
	t.Parallel()
	const name = "a0123456789012345678901234567890123456789012345678901.ests.aks"
	a, other := certificate.NewAuthority("ca"), certificate.NewAuthority("ca")
	leaf := a.Issue(name).TLS().Leaf
	roots := func(a certificate.Authority) *x509.CertPool {
		pool := x509.NewCertPool()
		require.True(t, pool.AppendCertsFromPEM(a.PEM()))
		return pool
	}
	at := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	_, err := leaf.Verify(x509.VerifyOptions{Roots: roots(a), DNSName: name, CurrentTime: at})
	require.NoError(t, err)
	_, err = leaf.Verify(x509.VerifyOptions{Roots: roots(other), DNSName: name, CurrentTime: at})
	require.Error(t, err, "another authority of the same name")
	for _, address := range []string{"127.0.0.1", "localhost", "imds.test", "b.ests.aks"} {
		_, err = leaf.Verify(x509.VerifyOptions{Roots: roots(a), DNSName: address, CurrentTime: at})
		require.Error(t, err, address)
	}
	require.False(t, leaf.IsCA)

	block, rest := pem.Decode(a.PEM())
	require.Empty(t, rest)
	root, err := x509.ParseCertificate(block.Bytes)
	require.NoError(t, err)
	require.True(t, root.IsCA)
	require.Empty(t, root.DNSNames)
	require.NotEqual(t, a.PEM(), other.PEM())
}
