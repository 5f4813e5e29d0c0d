package hosts_test

import (
	"crypto/sha1"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/hosts"
	"github.com/seed-ac726066/aztoken/internal/wire"
)

// fabric returns the host of a node of Service Fabric whose endpoint answers by handler. write is
// how the thumbprint is written: the bytes are joined by it.
func fabric(t *testing.T, write string, handler http.HandlerFunc) hosts.Host {
	t.Helper()
	srv := httptest.NewTLSServer(handler)
	t.Cleanup(srv.Close)
	var bytes []string
	for _, b := range sha1.Sum(srv.Certificate().Raw) {
		bytes = append(bytes, fmt.Sprintf("%02X", b))
	}
	h, err := find(t, map[string]string{
		"IDENTITY_ENDPOINT": srv.URL + "/token", "IDENTITY_HEADER": "s3cr3t", "IDENTITY_SERVER_THUMBPRINT": strings.Join(bytes, write),
	}, hosts.ID{}, nil)
	require.NoError(t, err)
	return h
}

func TestServiceFabricThumbprint(t *testing.T) {
	t.Parallel()
	for _, write := range []string{"", ":", " "} {
		_, err := fabric(t, write, answer(200, good)).Source.Token(t.Context(), request)
		require.NoError(t, err)
	}
}

func TestServiceFabricRequest(t *testing.T) {
	t.Parallel()
	const hash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
	for _, tc := range []struct{ claims, rejected, query string }{
		{"", "", "api-version=2019-07-01-preview&resource=https%3A%2F%2Fr"},
		{"", hash, "api-version=2019-07-01-preview&resource=https%3A%2F%2Fr"},
		{"{}", "", "api-version=2019-07-01-preview&resource=https%3A%2F%2Fr&xms_cc=cp1"},
		{"{}", hash, "api-version=2019-07-01-preview&resource=https%3A%2F%2Fr&token_sha256_to_refresh=" + hash + "&xms_cc=cp1"},
	} {
		asked := make(chan *http.Request, 1)
		h := fabric(t, "", func(w http.ResponseWriter, r *http.Request) {
			asked <- r
			answer(200, good)(w, r)
		})
		_, err := h.Source.Token(t.Context(), hosts.Request{Resource: "https://r", Claims: tc.claims, RejectedSHA256: tc.rejected})
		require.NoError(t, err)
		r := <-asked
		require.Equal(t, "GET", r.Method)
		require.Equal(t, "/token", r.URL.Path)
		require.Equal(t, tc.query, r.URL.RawQuery)
		require.Equal(t, []string{"s3cr3t"}, r.Header["Secret"])
	}
}

func TestServiceFabricExplain(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		status int
		body   string
		reason wire.Reason
		retry  bool
		advice string
	}{
		{404, `{"error":{"code":"ManagedIdentityNotFound","message":"no"}}`, wire.IdentityNotFound, false, "IdentityBindingPolicy"},
		{404, ``, wire.Unknown, true, ""},
		{400, `{"error":{"code":"SecretHeaderNotFound","message":"no"}}`, wire.Unknown, false, "$IDENTITY_HEADER"},
		{401, ``, wire.Unknown, false, "$IDENTITY_HEADER"},
		{403, `connecting to 10.0.0.4: unreachable network`, wire.Unknown, false, ""},
		{429, `Too many requests`, wire.Unknown, true, ""},
	} {
		_, err := fabric(t, "", answer(tc.status, tc.body)).Source.Token(t.Context(), request)
		var f *wire.Failure
		require.ErrorAs(t, err, &f)
		require.Equal(t, tc.reason, f.Reason, tc.body)
		require.Equal(t, tc.retry, f.Retry, tc.body)
		require.Contains(t, f.Advice, tc.advice)
		require.Equal(t, tc.advice == "", f.Advice == "", tc.body)
	}
}
