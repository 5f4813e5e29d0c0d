package cluster_test

import (
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/fakeazure/cluster"
	"github.com/seed-ac726066/aztoken/internal/fakeazure/files"
	"github.com/seed-ac726066/aztoken/internal/fakeazure/issuer"
)

func TestCluster(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		signer, err := issuer.New(issuer.Options{TenantID: "t", TokenVersion: 1, TokenLifetime: time.Hour})
		require.NoError(t, err)
		var dir files.Dir
		defer dir.Close()
		c := cluster.New(signer, &dir)
		require.NoError(t, c.Rotate(), "there is nothing to rotate yet")
		read := func(a cluster.Audience) string {
			file, err := c.TokenFile(a)
			require.NoError(t, err)
			content, err := os.ReadFile(file)
			require.NoError(t, err)
			return string(content)
		}
		audiences := []cluster.Audience{cluster.Entra, cluster.TokenProxy}
		before := map[cluster.Audience]string{}
		for _, a := range audiences {
			before[a] = read(a)
			require.Equal(t, before[a], read(a), "to ask again changes nothing")
			claims, err := signer.Claims(before[a])
			require.NoError(t, err)
			require.Equal(t, []any{string(a)}, claims["aud"])
			require.Equal(t, cluster.Issuer, claims["iss"])
			require.Equal(t, cluster.ServiceAccount, claims["sub"])
			require.True(t, c.Mounted(before[a]))
		}
		for _, a := range audiences {
			for of, token := range before {
				require.Equal(t, a == of, c.Authenticates(token, a, time.Now()))
			}
		}
		time.Sleep(time.Second)
		require.NoError(t, c.Rotate())
		for _, a := range audiences {
			require.NotEqual(t, before[a], read(a), "each is rotated")
			require.False(t, c.Mounted(before[a]))
			require.False(t, c.Authenticates(before[a], a, time.Now()))
			require.True(t, c.Authenticates(read(a), a, time.Now()))
		}
		time.Sleep(366 * 24 * time.Hour)
		require.False(t, c.Authenticates(read(cluster.TokenProxy), cluster.TokenProxy, time.Now()))
	})
}
