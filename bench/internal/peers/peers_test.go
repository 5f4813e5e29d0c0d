package peers_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/bench/internal/peers"
	"github.com/seed-ac726066/aztoken/imdstest"
)

var resources atomic.Int32

// resource returns a resource that no other client of this process uses.
func resource() string { return fmt.Sprintf("https://service-%d.example.com", resources.Add(1)) }

// each runs f in virtual time for each library, over an endpoint of its own.
func each(t *testing.T, f func(t *testing.T, imds *imdstest.Server, c peers.Client)) {
	t.Parallel()
	for _, library := range peers.All() {
		t.Run(library.Name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				imds := imdstest.New(&imdstest.Options{MintAfter: -1})
				defer imds.Close()
				c, err := library.New(peers.Endpoint{Transport: imds, Resource: resource()})
				require.NoError(t, err)
				defer func() { require.NoError(t, c.Close()) }()
				f(t, imds, c)
			})
		})
	}
}

func TestEachLibraryGetsATokenKeepsItAndReplacesIt(t *testing.T) {
	each(t, func(t *testing.T, imds *imdstest.Server, c peers.Client) {
		first, expires, err := c.Token(t.Context())
		require.NoError(t, err)
		require.NotEmpty(t, first)
		require.Greater(t, time.Until(expires), 50*time.Minute)
		require.LessOrEqual(t, time.Until(expires), 24*time.Hour)
		asked := imds.Count()
		require.Positive(t, asked)

		time.Sleep(20 * time.Minute)
		second, _, err := c.Token(t.Context())
		require.NoError(t, err)
		require.Equal(t, first, second)
		require.Equal(t, asked, imds.Count())

		time.Sleep(24 * time.Hour)
		third, expires, err := c.Token(t.Context())
		require.NoError(t, err)
		require.NotEqual(t, first, third)
		require.True(t, expires.After(time.Now()))
	})
}

func TestEachLibraryFailsWithoutAnEndpointAndComesBack(t *testing.T) {
	for _, fault := range []imdstest.Fault{imdstest.Status(503), imdstest.Refused(), imdstest.Hang()} {
		t.Run(fault.String(), func(t *testing.T) {
			each(t, func(t *testing.T, imds *imdstest.Server, c peers.Client) {
				imds.Break(fault)
				_, _, err := c.Token(t.Context())
				require.Error(t, err)
				require.Positive(t, imds.Count())

				imds.Recover()
				time.Sleep(time.Minute)
				_, _, err = c.Token(t.Context())
				require.NoError(t, err)
			})
		})
	}
}

func TestAnAuthorizerPutsTheTokenOnRequests(t *testing.T) {
	each(t, func(t *testing.T, _ *imdstest.Server, c peers.Client) {
		a, ok := c.(peers.Authorizer)
		if !ok {
			t.Skip("it has no part that authorizes requests")
		}
		var sent http.Header
		rt, err := a.Authorize(transport(func(r *http.Request) (*http.Response, error) {
			sent = r.Header
			return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: r}, nil
		}))
		require.NoError(t, err)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://orders.example.com", nil)
		require.NoError(t, err)
		req.Header.Set("X-Order", "7")
		_, err = rt.RoundTrip(req)
		require.NoError(t, err)
		value, _, err := c.Token(t.Context())
		require.NoError(t, err)
		require.Equal(t, "Bearer "+value, sent.Get("Authorization"))
		require.Equal(t, "7", sent.Get("X-Order"))
	})
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestTheMetadataOfEC2IsThatOfOneRoleWithTheAzureToken(t *testing.T) {
	t.Parallel()
	imds := imdstest.New(nil)
	hc := &http.Client{Transport: &peers.EC2Metadata{Endpoint: peers.Endpoint{Transport: imds, Resource: resource()}}}
	get := func(path string) (int, string) {
		resp, err := hc.Get("http://169.254.169.254/latest/meta-data" + path)
		require.NoError(t, err)
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return resp.StatusCode, string(body)
	}
	status, roles := get("/iam/security-credentials/")
	require.Equal(t, http.StatusOK, status)
	_, role := get("/iam/security-credentials/" + roles)
	var credentials struct {
		Code, Token string
		Expiration  time.Time
	}
	require.NoError(t, json.Unmarshal([]byte(role), &credentials))
	require.Equal(t, "Success", credentials.Code)
	require.Equal(t, 2, strings.Count(credentials.Token, "."))
	require.WithinDuration(t, time.Now().Add(24*time.Hour), credentials.Expiration, time.Minute)

	status, _ = get("/ami-id")
	require.Equal(t, http.StatusNotFound, status)
	imds.Break(imdstest.Status(500))
	status, _ = get("/iam/security-credentials/")
	require.Equal(t, http.StatusInternalServerError, status)
	require.Equal(t, 4, imds.Count())
}
