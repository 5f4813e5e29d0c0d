package integrations_test

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
)

// imdsAddress is where every client looks for IMDS. Only a test that called needNamespace may use
// it.
const imdsAddress = "169.254.169.254"

// atTheRealAddress serves srv where IMDS is on a virtual machine, until the test ends.
func atTheRealAddress(t *testing.T, srv *imdstest.Server) {
	t.Helper()
	needNamespace(t)
	socket, err := net.Listen("tcp", imdsAddress+":80")
	require.NoError(t, err)
	served := &httptest.Server{Listener: socket, Config: &http.Server{Handler: srv}}
	served.Start()
	t.Cleanup(func() {
		srv.Close()
		served.CloseClientConnections()
		served.Close()
	})
}

// imdsToken gets a token as a client without a library does.
func imdsToken(t *testing.T, srv *imdstest.Server, resource string) string {
	t.Helper()
	query := url.Values{"api-version": {"2018-02-01"}, "resource": {resource}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+"/metadata/identity/oauth2/token?"+query.Encode(), nil)
	require.NoError(t, err)
	req.Header.Set("Metadata", "true")
	resp, err := httpClient(t).Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, resp.StatusCode, "%s", body)
	var reply struct {
		AccessToken string `json:"access_token"`
	}
	require.NoError(t, json.Unmarshal(body, &reply))
	return reply.AccessToken
}
