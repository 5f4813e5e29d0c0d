package hosts_test

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/hosts"
	"github.com/seed-ac726066/aztoken/internal/wire"
)

// arc returns the host of a machine with the agent of Azure Arc, whose second answer is second.
func arc(t *testing.T, id hosts.ID, second http.HandlerFunc) hosts.Host {
	t.Helper()
	keys := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(keys, "a.key"), []byte("the-key"), 0o600))
	env := map[string]string{"IDENTITY_ENDPOINT": "http://localhost:40342/token?slot=1", "IMDS_ENDPOINT": "http://localhost:40342"}
	cfg := hosts.Config{
		Getenv: func(name string) string { return env[name] }, Files: hosts.ArcFiles{Keys: keys}, ID: id,
		Module: "aztoken", Version: "v0.0.1",
	}
	cfg.Options.Transport = transport(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "" {
			w.Header().Set("WWW-Authenticate", "Basic realm="+filepath.Join(keys, "a.key"))
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		require.Equal(t, []string{"Basic the-key"}, r.Header["Authorization"])
		second(w, r)
	})
	h, err := hosts.Find(cfg)
	require.NoError(t, err)
	t.Cleanup(h.Source.Close)
	return h
}

func answer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// TestArcRequests: the second request is the first one with the key.
func TestArcRequests(t *testing.T) {
	t.Parallel()
	for id, parameter := range map[hosts.ID]string{
		{}:     "",
		client: "&client_id=c0000000-0000-4000-8000-00000000000a",
		object: "&object_id=0b000000-0000-4000-8000-00000000000a",
		arm:    "&msi_res_id=%2Fsubscriptions%2Fs",
	} {
		h := arc(t, id, func(w http.ResponseWriter, r *http.Request) {
			require.Equal(t, "GET", r.Method)
			want := strings.Split("api-version=2020-06-01"+parameter+"&resource=https%3A%2F%2Fr&slot=1", "&")
			require.ElementsMatch(t, want, strings.Split(r.URL.RawQuery, "&"))
			require.Equal(t, "/token", r.URL.Path)
			require.Equal(t, []string{"true"}, r.Header["Metadata"])
			answer(200, good)(w, r)
		})
		require.Equal(t, "Azure Arc at http://localhost:40342/token ($IDENTITY_ENDPOINT, $IMDS_ENDPOINT)", h.String())
		token, err := h.Source.Token(t.Context(), request)
		require.NoError(t, err)
		require.Equal(t, "token", token.Token)
	}
}

// TestArcIdentity: a token of an agent that does not name the requested identity is rejected.
func TestArcIdentity(t *testing.T) {
	t.Parallel()
	const token = `{"access_token":"token","expires_in":"3600"`
	for _, tc := range []struct {
		name string
		id   hosts.ID
		body string
		ok   bool
	}{
		{"the default needs no name", hosts.ID{}, token + `}`, true},
		{"the client", client, token + `,"client_id":"C0000000-0000-4000-8000-00000000000A"}`, true},
		{"another client", client, token + `,"client_id":"another"}`, false},
		{"no client", client, token + `}`, false},
		{"a client that is no string", client, token + `,"client_id":{}}`, false},
		{"the object", object, token + `,"client_id":"x","object_id":"0B000000-0000-4000-8000-00000000000A"}`, true},
		{"another object", object, token + `,"client_id":"0b000000-0000-4000-8000-00000000000a","object_id":"another"}`, false},
		{"only a client for an object", object, token + `,"client_id":"x"}`, false},
		{"the resource", arm, token + `,"msi_res_id":"/Subscriptions/S"}`, true},
		{"the resource by its other name", arm, token + `,"mi_res_id":"/subscriptions/s"}`, true},
		{"another resource", arm, token + `,"msi_res_id":"/subscriptions/other","mi_res_id":"/subscriptions/s"}`, false},
		{"only a client for a resource", arm, token + `,"client_id":"x"}`, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, err := arc(t, tc.id, answer(200, tc.body)).Source.Token(t.Context(), request)
			if tc.ok {
				require.NoError(t, err)
				return
			}
			require.Empty(t, got.Token)
			var f *wire.Failure
			require.ErrorAs(t, err, &f)
			require.Equal(t, wire.IdentityNotFound, f.Reason)
			require.False(t, f.Retry, "the agent will not know it in a minute either")
			require.Contains(t, f.Advice, "azcmagent")
		})
	}
}

// TestArcError: the answer to the request with the key is the error.
func TestArcError(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		status int
		body   string
		reason wire.Reason
		retry  bool
	}{
		{400, `{"error":"invalid_request","error_description":"Identity not found"}`, wire.IdentityNotFound, false},
		{401, `{"error":"unauthorized_client"}`, wire.Unknown, false},
		{429, ``, wire.Unknown, true},
		{500, `{"error":"unknown"}`, wire.Unknown, true},
	} {
		for _, id := range []hosts.ID{{}, client} {
			_, err := arc(t, id, answer(tc.status, tc.body)).Source.Token(t.Context(), request)
			var f *wire.Failure
			require.ErrorAs(t, err, &f)
			require.Equal(t, tc.status, f.StatusCode)
			require.Equal(t, tc.reason, f.Reason)
			require.Equal(t, tc.retry, f.Retry)
		}
	}
}

// TestArcWithoutChallenge: an endpoint that asks for no key is not the agent.
func TestArcWithoutChallenge(t *testing.T) {
	t.Parallel()
	for body, status := range map[string]int{good: 200, `{"error":"invalid_request"}`: 400, `{"error":"unknown"}`: 500} {
		h, err := find(t, map[string]string{"IDENTITY_ENDPOINT": "http://localhost", "IMDS_ENDPOINT": "x"}, hosts.ID{}, answer(status, body))
		require.NoError(t, err)
		got, err := h.Source.Token(t.Context(), request)
		var f *wire.Failure
		require.ErrorAs(t, err, &f)
		require.Equal(t, status, f.StatusCode)
		require.Equal(t, status == 500, f.Retry)
		require.Equal(t, status == 200, f.Advice != "")
		require.Empty(t, got.Token)
	}
}

// TestArcAddress: without variables the agent is at its default address.
func TestArcAddress(t *testing.T) {
	t.Parallel()
	agent := filepath.Join(t.TempDir(), "himds")
	require.NoError(t, os.WriteFile(agent, nil, 0o700))
	h, err := hosts.Find(hosts.Config{
		Getenv: func(string) string { return "" }, Files: hosts.ArcFiles{Agent: agent}, Module: "aztoken", Version: "v0.0.1",
	})
	require.NoError(t, err)
	t.Cleanup(h.Source.Close)
	require.Equal(t, "Azure Arc at http://127.0.0.1:40342/metadata/identity/oauth2/token ("+agent+" exists)", h.String())
}
