package aztoken_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
)

func TestStatusOfAClient(t *testing.T) {
	t.Parallel()
	inVirtualTime(t, "tells that it was closed", func(t *testing.T) {
		c := over(t, imdstest.New(nil), aztoken.Options{})
		_, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		require.False(t, c.Status().Closed)
		require.NoError(t, c.Close())
		s := c.Status()
		require.True(t, s.Closed)
		require.Empty(t, s.Resources)
		require.NotEmpty(t, s.Host)
	})
	inVirtualTime(t, "that NewClient did not make is that of a closed one", func(t *testing.T) {
		var none *aztoken.Client
		for _, c := range []*aztoken.Client{none, {}} {
			require.Equal(t, aztoken.Status{Closed: true, Resources: []aztoken.ResourceStatus{}}, c.Status())
		}
	})
}

func TestStatusOfAToken(t *testing.T) {
	t.Parallel()
	inVirtualTime(t, "that nobody uses says that its refresh waits for somebody", func(t *testing.T) {
		imds := imdstest.New(nil)
		c := over(t, imds, aztoken.Options{})
		_, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		require.False(t, c.Status().Resources[0].Unused, "it is refreshed once in any case")
		time.Sleep(13 * time.Hour)
		require.Equal(t, 2, imds.Count())
		require.True(t, c.Status().Resources[0].Unused)
		_, err = c.Token(t.Context(), resource)
		require.NoError(t, err)
		require.False(t, c.Status().Resources[0].Unused)
		time.Sleep(12 * time.Hour)
		require.Equal(t, 3, imds.Count(), "which then comes")
		require.False(t, c.Status().Resources[0].Unused)
	})
	inVirtualTime(t, "that has expired has the failures of the refresh and of callers, and the last of their errors", func(t *testing.T) {
		imds := imdstest.New(nil)
		c := over(t, imds, aztoken.Options{})
		for range 2 {
			_, err := c.Token(t.Context(), resource)
			require.NoError(t, err)
			time.Sleep(time.Hour)
		}
		imds.Break(imdstest.Status(503))
		time.Sleep(20 * time.Hour)
		_, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		time.Sleep(2*time.Hour + time.Second)
		before := c.Status().Resources[0]
		require.Positive(t, before.Failures)
		require.True(t, before.ExpiresOn.Before(time.Now()))

		imds.Break(imdstest.Status(400))
		_, err = c.Token(t.Context(), resource)
		require.ErrorContains(t, err, "400")
		after := c.Status().Resources[0]
		require.Equal(t, before.Failures+1, after.Failures)
		require.Equal(t, err.Error(), after.LastError)
		require.Equal(t, time.Now().UTC(), after.LastErrorOn)

		time.Sleep(2 * time.Minute) // a refresh has failed since
		last := c.Status().Resources[0]
		require.True(t, last.LastErrorOn.After(after.LastErrorOn))
		require.Greater(t, last.Failures, after.Failures)
		imds.Recover()
		_, err = c.Token(t.Context(), resource)
		require.NoError(t, err)
		require.Zero(t, c.Status().Resources[0].Failures)
		require.Empty(t, c.Status().Resources[0].LastError)
	})
}
