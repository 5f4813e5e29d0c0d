package wire

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"reflect"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/require"
)

// httpTransport returns what a Client of given and reach sends its requests with.
func httpTransport(t *testing.T, given policy.Transporter, reach Reach) *http.Transport {
	t.Helper()
	return httpClient(t, given, reach).Transport.(*http.Transport)
}

func httpClient(t *testing.T, given policy.Transporter, reach Reach) *http.Client {
	t.Helper()
	tr, err := newTransport(given, reach)
	require.NoError(t, err)
	return tr.next.(*http.Client)
}

func TestTransportProxy(t *testing.T) {
	t.Parallel()
	for _, given := range []policy.Transporter{nil, (*http.Client)(nil), &http.Client{}, &http.Client{Transport: http.DefaultTransport}} {
		require.Nil(t, httpTransport(t, given, Reach{}).Proxy)
		require.Nil(t, httpTransport(t, given, Reach{Place: Cluster}).Proxy)
	}
}

// TestTransportCookies: the caller's cookies are not used.
func TestTransportCookies(t *testing.T) {
	t.Parallel()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	given := &http.Client{Jar: jar}
	require.Nil(t, httpClient(t, given, Reach{}).Jar)
	require.NotNil(t, given.Jar, "the caller's client stays as it was")
	require.Nil(t, given.CheckRedirect)
}

func TestTransportInternet(t *testing.T) {
	t.Parallel()
	own := httpTransport(t, nil, Reach{Place: Internet})
	require.Equal(t, reflect.ValueOf(http.ProxyFromEnvironment).Pointer(), reflect.ValueOf(own.Proxy).Pointer())

	theirs := func(*http.Request) (*url.URL, error) { return nil, nil }
	given := &http.Client{Transport: &http.Transport{Proxy: theirs}}
	require.NotNil(t, httpTransport(t, given, Reach{Place: Internet}).Proxy, "the caller's own decision")
	require.Nil(t, httpTransport(t, given, Reach{}).Proxy)
	require.Nil(t, httpTransport(t, given, Reach{Place: Cluster}).Proxy)
	require.Nil(t, httpTransport(t, &http.Client{Transport: &http.Transport{}}, Reach{Place: Internet}).Proxy)
}
