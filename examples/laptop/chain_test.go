package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
)

const orders = "https://orders.example.com"

// signIn is a developer's tool.
type signIn struct {
	err   error // nil: it is signed in
	asked int
}

func (s *signIn) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	s.asked++
	return azcore.AccessToken{Token: "the developer's", ExpiresOn: time.Now().Add(time.Hour)}, s.err
}

// machine is a machine on which a chain of a managed identity and a developer's tool runs.
type machine struct {
	imds  *imdstest.Server
	chain azcore.TokenCredential
	tool  *signIn
}

// newMachine returns a machine whose identity endpoint is srv, and whose environment names no host
// unless opts say otherwise.
func newMachine(t *testing.T, srv *imdstest.Server, opts aztoken.Options) *machine {
	t.Helper()
	t.Cleanup(srv.Close)
	if opts.Transport == nil {
		opts.Transport = srv
	}
	if opts.Getenv == nil {
		opts.Getenv = func(string) string { return "" }
	}
	identity, err := aztoken.NewClient(&opts)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, identity.Close()) })
	m := &machine{imds: srv, tool: &signIn{}}
	m.chain, err = azidentity.NewChainedTokenCredential([]azcore.TokenCredential{link{identity, isNotHere}, link{m.tool, isNotSignedIn}}, nil)
	require.NoError(t, err)
	return m
}

func (m *machine) token(ctx context.Context, more ...func(*policy.TokenRequestOptions)) (string, error) {
	opts := policy.TokenRequestOptions{Scopes: []string{orders + "/.default"}}
	for _, f := range more {
		f(&opts)
	}
	token, err := m.chain.GetToken(ctx, opts)
	return token.Token, err
}

// A situation is a row of the table on the page.
type situation struct {
	happens string // as on the page
	goesOn  bool   // whether the chain tries the next credential
	after   time.Duration
	host    func(t *testing.T) *machine
	ask     func(ctx context.Context, m *machine) (string, error) // nil requests a token
}

// broken returns a machine whose endpoint, at the default address, has a fault.
func broken(f imdstest.Fault) func(*testing.T) *machine {
	return func(t *testing.T) *machine {
		srv := imdstest.New(nil)
		srv.Break(f)
		return newMachine(t, srv, aztoken.Options{})
	}
}

// named is like broken, with the endpoint at an address from an environment variable.
func named(f imdstest.Fault) func(*testing.T) *machine {
	return func(t *testing.T) *machine {
		srv := imdstest.New(nil)
		srv.Break(f)
		return newMachine(t, srv, aztoken.Options{Getenv: srv.AppService().Get})
	}
}

// dropping returns a machine on which connections time out.
func dropping(t *testing.T) *machine {
	opts := aztoken.Options{}
	opts.Transport = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		select {
		case <-time.After(3 * time.Second):
		case <-ctx.Done():
		}
		return nil, &net.OpError{Op: "dial", Net: network, Err: os.ErrDeadlineExceeded}
	}}}
	return newMachine(t, imdstest.New(nil), opts)
}

// of returns a machine with several identities, whose client requests one of them.
func of(identities []imdstest.Identity, id aztoken.ID) func(*testing.T) *machine {
	return func(t *testing.T) *machine {
		return newMachine(t, imdstest.New(&imdstest.Options{Identities: identities, Resources: []string{orders}}), aztoken.Options{ID: id})
	}
}

var situations = []situation{
	{happens: "nothing listens at 169.254.169.254", goesOn: true, after: 10 * time.Second, host: broken(imdstest.Refused())},
	{happens: "packets to 169.254.169.254 are dropped", goesOn: true, after: 10 * time.Second, host: dropping},
	{happens: "another cloud's metadata service answers", goesOn: true, after: 10 * time.Second, host: broken(imdstest.EC2())},
	{happens: "Docker Desktop or a portal answers", goesOn: true, host: broken(imdstest.Status(http.StatusForbidden))},
	{happens: "a variable names an endpoint, and nothing has ever listened there", goesOn: true, after: 75 * time.Second, host: named(imdstest.Refused())},

	{happens: "the endpoint answers 404, 410, 429 or 5xx", host: broken(imdstest.Status(http.StatusNotFound))},
	{happens: "the endpoint answers 404, 410, 429 or 5xx", host: broken(imdstest.Status(http.StatusGone))},
	{happens: "the endpoint answers 404, 410, 429 or 5xx", host: broken(imdstest.Status(http.StatusTooManyRequests))},
	{happens: "the endpoint answers 404, 410, 429 or 5xx", host: broken(imdstest.Status(http.StatusServiceUnavailable))},
	{happens: "the endpoint accepts the connection and never answers", host: broken(imdstest.Hang())},
	{happens: "Entra ID is down", host: broken(imdstest.EntraDown())},
	{happens: "the endpoint has answered before, and is gone", host: of(nil, nil), ask: func(ctx context.Context, m *machine) (string, error) {
		if _, err := m.token(ctx); err != nil {
			return "", err
		}
		m.imds.Break(imdstest.Refused())
		time.Sleep(48 * time.Hour)
		return m.token(ctx)
	}},
	{happens: "a variable names the endpoint, and a proxy answers with a page", host: named(imdstest.Body(http.StatusBadGateway, "text/html", "<html>"))},
	{happens: "the host has no identity", host: of([]imdstest.Identity{}, nil)},
	{happens: "the host does not have the identity that is named", host: of(nil, aztoken.ClientID("c0000000-0000-4000-8000-0000000000ff"))},
	{happens: "the host has several, and none is named", host: of([]imdstest.Identity{{}, {}}, nil)},
	{happens: "the tenant does not know the resource", host: of(nil, nil), ask: func(ctx context.Context, m *machine) (string, error) {
		return m.token(ctx, func(o *policy.TokenRequestOptions) { o.Scopes = []string{"https://other.example.com/.default"} })
	}},
	{happens: "a role is missing, or a policy forbids it", host: broken(imdstest.EntraRefuses(501051, "Not assigned to a role."))},
	{happens: "a tenant is named that is not the identity's", host: of(nil, nil), ask: func(ctx context.Context, m *machine) (string, error) {
		return m.token(ctx, func(o *policy.TokenRequestOptions) { o.TenantID = "7e000000-0000-4000-8000-0000000000ff" })
	}},
	{happens: "the caller's deadline ends", host: broken(imdstest.Refused()), ask: func(ctx context.Context, m *machine) (string, error) {
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		return m.token(ctx)
	}},
	{happens: "the client is closed", host: func(t *testing.T) *machine {
		m := newMachine(t, imdstest.New(nil), aztoken.Options{})
		closed, err := aztoken.NewClient(&aztoken.Options{Getenv: func(string) string { return "" }})
		require.NoError(t, err)
		require.NoError(t, closed.Close())
		m.chain, err = azidentity.NewChainedTokenCredential([]azcore.TokenCredential{link{closed, isNotHere}, link{m.tool, isNotSignedIn}}, nil)
		require.NoError(t, err)
		return m
	}},
}

func TestChain(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(page)
	require.NoError(t, err)
	for _, s := range situations {
		t.Run(s.happens, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := s.host(t)
				if s.ask == nil {
					s.ask = func(ctx context.Context, m *machine) (string, error) { return m.token(ctx) }
				}
				start := time.Now()
				token, err := s.ask(t.Context(), m)
				if s.goesOn {
					require.InDelta(t, s.after.Seconds(), time.Since(start).Seconds(), 3)
					require.NoError(t, err)
					require.Equal(t, "the developer's", token)
					require.Equal(t, 1, m.tool.asked)
					return
				}
				require.Error(t, err)
				require.Zero(t, m.tool.asked, "another credential was asked")
				beyond := &signIn{}
				outer, chainErr := azidentity.NewChainedTokenCredential([]azcore.TokenCredential{&signIn{err: err}, beyond}, nil)
				require.NoError(t, chainErr)
				_, chainErr = outer.GetToken(t.Context(), policy.TokenRequestOptions{})
				require.Error(t, chainErr)
				require.Zero(t, beyond.asked, "a chain of chains goes on")
			})
			row := "\n| " + s.happens + " |"
			require.Contains(t, string(page), row)
			_, rest, _ := strings.Cut(string(page), row)
			rest, _, _ = strings.Cut(rest, "\n")
			if s.after > 0 {
				require.Contains(t, rest, fmt.Sprintf("after %d s", int(s.after.Seconds())))
			}
			require.Equal(t, s.goesOn, strings.HasSuffix(rest, "| goes on |"))
			require.Equal(t, !s.goesOn, strings.HasSuffix(rest, "| stops |"))
		})
	}
	t.Run("without a developer's sign-in ends, and another chain goes on", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			m := broken(imdstest.Refused())(t)
			m.tool.err = errors.New("run az login")
			_, err := m.token(t.Context())
			require.ErrorContains(t, err, "no managed identity endpoint")
			require.ErrorContains(t, err, "run az login")
			last := &signIn{}
			m.chain, err = azidentity.NewChainedTokenCredential([]azcore.TokenCredential{m.chain, last}, nil)
			require.NoError(t, err)
			token, err := m.token(t.Context())
			require.NoError(t, err)
			require.Equal(t, "the developer's", token)
		})
	})
}

// A client in front of the chain covers outages as the identity's own client does: an outage of 12
// hours that begins in any hour of a token's life fails no call.
func TestChainThroughAnOutage(t *testing.T) {
	t.Parallel()
	for begin := 1; begin <= 24; begin++ {
		synctest.Test(t, func(t *testing.T) {
			m := newMachine(t, imdstest.New(&imdstest.Options{MintAfter: -1}), aztoken.Options{})
			client, err := aztoken.NewClient(&aztoken.Options{Credential: m.chain})
			require.NoError(t, err)
			defer func() { require.NoError(t, client.Close()) }()
			for minute := range 60 * 48 {
				if minute == 60*begin {
					m.imds.BreakFor(12*time.Hour, imdstest.Status(http.StatusServiceUnavailable))
				}
				start := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				token, err := client.Token(ctx, orders)
				cancel()
				require.NoError(t, err)
				require.Zero(t, time.Since(start))
				require.True(t, token.ExpiresOn.After(start))
				time.Sleep(time.Until(start.Add(time.Minute)))
			}
			require.Zero(t, m.tool.asked, "nobody became somebody else")
		})
	}
}
