package wire

import (
	"context"
	"net"
	"net/http"
	"net/http/cookiejar"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestOurOwnClientHasNoProxy(t *testing.T) {
	t.Parallel()
	for _, given := range []*http.Client{nil, {}} {
		tr := newTransport(given)
		hc := tr.next.(*http.Client)
		require.Nil(t, hc.Transport.(*http.Transport).Proxy)
	}
	require.Nil(t, newTransport(nil).next.(*http.Client).Transport.(*http.Transport).Proxy)
}

func TestTheCallersClientKeepsNoCookiesHere(t *testing.T) {
	t.Parallel()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	given := &http.Client{Jar: jar}
	require.Nil(t, newTransport(given).next.(*http.Client).Jar)
	require.NotNil(t, given.Jar, "the caller's client stays as it was")
	require.Nil(t, given.CheckRedirect)
}

func TestTheCallersDialerIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		given := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}}
		start := time.Now()
		_, err := newTransport(&http.Client{Transport: given}).next.(*http.Client).Transport.(*http.Transport).DialContext(t.Context(), "tcp", "imds.test:80")
		require.Error(t, err)
		require.Equal(t, dialTimeout, time.Since(start))
	})
}
