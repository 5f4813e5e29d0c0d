package mcpverify_test

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/modelcontextprotocol/go-sdk/oauthex"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/integrations/mcpverify"
	"github.com/seed-ac726066/aztoken/internal/clienttest"
	"github.com/seed-ac726066/aztoken/internal/fakeazure/certificate"
	"github.com/seed-ac726066/aztoken/internal/pipe"
	"github.com/seed-ac726066/aztoken/verify"
)

// start starts a service over TLS on loopback.
func start(t *testing.T, imds *imdstest.Server, reqs ...verify.Requirement) (*service, *httptest.Server) {
	t.Helper()
	var s *service
	web := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.ServeHTTP(w, r) }))
	s = newService(t, imds, web.URL, reqs...)
	t.Cleanup(func() {
		web.CloseClientConnections()
		web.Close()
	})
	return s, web
}

func TestSession(t *testing.T) {
	t.Parallel()
	t.Run("knows the caller, and no token", func(t *testing.T) {
		t.Parallel()
		imds := imdstest.New(nil)
		s, web := start(t, imds)
		session, err := connect(t.Context(), t, web.URL, clienttest.Over(t, imds, aztoken.Options{}).Wrap(web.Client(), resource))
		require.NoError(t, err)
		objectID, userID, err := whoami(t.Context(), session)
		require.NoError(t, err)
		require.Equal(t, imdstest.DefaultObjectID, objectID)
		require.Equal(t, imdstest.DefaultTenantID+"/"+imdstest.DefaultObjectID, userID)
		require.NoError(t, session.Close())
		require.Len(t, s.headers, 1)
		require.Empty(t, s.headers[0].Values("Authorization"))
	})
	t.Run("goes on with another token where the service rejects one", func(t *testing.T) {
		t.Parallel()
		imds := imdstest.New(&imdstest.Options{MintAfter: -1})
		s, web := start(t, imds)
		session, err := connect(t.Context(), t, web.URL, clienttest.Over(t, imds, aztoken.Options{}).Wrap(web.Client(), resource))
		require.NoError(t, err)
		s.refuseLast()
		_, _, err = whoami(t.Context(), session)
		require.NoError(t, err)
		require.Len(t, s.tokens, 2)
	})
	t.Run("serves nobody but whoever began it", func(t *testing.T) {
		t.Parallel()
		const otherID = "0b000000-0000-4000-8000-000000000002"
		imds := imdstest.New(&imdstest.Options{Identities: []imdstest.Identity{{SystemAssigned: true}, {ObjectID: otherID}}})
		_, web := start(t, imds)
		session, err := connect(t.Context(), t, web.URL, clienttest.Over(t, imds, aztoken.Options{}).Wrap(web.Client(), resource))
		require.NoError(t, err)
		for id, want := range map[aztoken.ID]int{nil: http.StatusOK, aztoken.ObjectID(otherID): http.StatusForbidden} {
			call := `{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"whoami","arguments":{}}}`
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, web.URL+"/mcp", strings.NewReader(call))
			require.NoError(t, err)
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("Accept", "application/json, text/event-stream")
			req.Header.Set("Mcp-Session-Id", session.ID())
			resp, err := clienttest.Over(t, imds, aztoken.Options{ID: id}).Wrap(web.Client(), resource).Do(req)
			require.NoError(t, err)
			body, _ := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			require.Equal(t, want, resp.StatusCode, string(body))
		}
	})
	t.Run("does not begin without a token, and the error has the cause", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			for name, tc := range map[string]struct {
				fault imdstest.Fault
				is    error
			}{
				"a token endpoint that hangs":   {imdstest.Hang(), nil},
				"an outage":                     {imdstest.Status(503), nil},
				"an identity that is not there": {imdstest.NoDefaultIdentity(), aztoken.ErrIdentityNotFound},
			} {
				imds := imdstest.New(nil)
				c := clienttest.Over(t, imds, aztoken.Options{})
				require.NoError(t, c.Warm(t.Context(), "https://other.example.com"), "the endpoint is there")
				imds.Break(tc.fault)
				refuses := http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
					t.Error("a request went out without a token")
					return nil, io.EOF
				})}
				_, err := connect(t.Context(), t, "https://orders.example.com", c.Wrap(&refuses, resource))
				require.ErrorIs(t, err, cmp.Or(tc.is, err), name)
				var cause *aztoken.Error
				require.ErrorAs(t, err, &cause, name)
				require.Equal(t, resource, cause.Resource)
			}
		})
	})
	t.Run("does not begin in time without a token: Warm has the cause, the SDK only the deadline", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			imds := imdstest.New(nil)
			c := clienttest.Over(t, imds, aztoken.Options{})
			imds.Break(imdstest.Hang())
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err := connect(ctx, t, "https://orders.example.com", c.Wrap(nil, resource))
			require.ErrorIs(t, err, context.DeadlineExceeded)
			var cause *aztoken.Error
			require.ErrorAs(t, c.Warm(ctx, resource), &cause)
		})
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestRefusals(t *testing.T) {
	t.Parallel()
	imds := imdstest.New(nil)
	_, web := start(t, imds, verify.Role("consumer"))
	down := imdstest.New(nil)
	down.Issuer().Break(imdstest.Status(503))
	_, withoutKeys := start(t, down)
	for name, tc := range map[string]struct {
		address string
		header  string
		status  int
	}{
		"no token":               {web.URL, "", http.StatusUnauthorized},
		"no bearer token":        {web.URL, "Basic eA==", http.StatusUnauthorized},
		"what the SDK is told":   {web.URL, "Bearer verified", http.StatusUnauthorized},
		"an audience of others":  {web.URL, "Bearer " + imds.Mint("https://other.example.com"), http.StatusUnauthorized},
		"an expired token":       {web.URL, "Bearer " + imds.Mint(resource, func(j *imdstest.JWT) { j.Claims["exp"] = time.Now().Add(-time.Hour).Unix() }), http.StatusUnauthorized},
		"a token without a role": {web.URL, "Bearer " + imds.Mint(resource), http.StatusForbidden},
		"a service without keys": {withoutKeys.URL, "Bearer " + down.Mint(resource), http.StatusServiceUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, tc.address+"/mcp", strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"ping"}`))
			require.NoError(t, err)
			if tc.header != "" {
				req.Header.Set("Authorization", tc.header)
			}
			client := web.Client()
			if tc.address == withoutKeys.URL {
				client = withoutKeys.Client()
			}
			resp, err := client.Do(req)
			require.NoError(t, err)
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			require.Equal(t, tc.status, resp.StatusCode, string(body))
			for _, told := range []string{"audience", "expired", "consumer", "eyJ"} {
				require.NotContains(t, string(body), told)
			}
			if tc.status == http.StatusServiceUnavailable {
				require.NotEmpty(t, resp.Header.Get("Retry-After"))
				return
			}
			challenges, err := oauthex.ParseWWWAuthenticate(resp.Header.Values("WWW-Authenticate"))
			require.NoError(t, err)
			require.Len(t, challenges, 1)
			require.Equal(t, tc.address+metadata, challenges[0].Params["resource_metadata"])
			found, err := oauthex.GetProtectedResourceMetadata(t.Context(), challenges[0].Params["resource_metadata"], tc.address+"/mcp", client)
			require.NoError(t, err, "a client finds the metadata without a token")
			require.Equal(t, []string{"https://login.microsoftonline.com/" + imdstest.DefaultTenantID + "/v2.0"}, found.AuthorizationServers)
		})
	}
	t.Run("of a handler without a server", func(t *testing.T) {
		t.Parallel()
		w := httptest.NewRecorder()
		mcpverify.Handler(imds.Verifier(t, &verify.Options{Audiences: []string{resource}}), nil).ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/mcp", nil))
		require.Equal(t, http.StatusInternalServerError, w.Code)
	})
}

func TestClaims(t *testing.T) {
	t.Parallel()
	_, ok := mcpverify.Claims(nil)
	require.False(t, ok)
	_, ok = mcpverify.Claims(&mcp.RequestExtra{})
	require.False(t, ok)
}

// No call fails or waits during a day and a half of one session, with rotations and an outage of 12
// hours of everything that provides tokens and keys.
func TestOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const address = "https://orders.example.com"
		imds := imdstest.New(&imdstest.Options{MintAfter: -1})
		s := newService(t, imds, address)
		hc := &http.Client{Transport: pipe.Transport(t, s, certificate.New("orders.example.com").TLSConfig())}
		session, err := connect(t.Context(), t, address, clienttest.Over(t, imds, aztoken.Options{}).Wrap(hc, resource))
		require.NoError(t, err)
		for minute := range 36 * 60 {
			if minute == 12*60 {
				imds.BreakFor(12*time.Hour, imdstest.EntraDown())
			}
			started := time.Now()
			_, _, err := whoami(t.Context(), session)
			require.NoError(t, err)
			require.Zero(t, time.Since(started), "a call waited in minute %d", minute)
			time.Sleep(time.Minute)
		}
		require.NoError(t, session.Close())
		require.Greater(t, len(s.tokens), 2)
	})
}
