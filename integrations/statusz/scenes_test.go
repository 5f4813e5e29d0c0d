package statusz_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/internal/agent"
	"github.com/seed-ac726066/aztoken/internal/agentfile"
	"github.com/seed-ac726066/aztoken/internal/statuspage"
	"github.com/seed-ac726066/aztoken/statusz"
	"github.com/seed-ac726066/aztoken/tokenstore"
	"github.com/seed-ac726066/aztoken/verify"
)

const (
	clientID    = "c0000000-0000-4000-8000-00000000000a"
	otherID     = "c0000000-0000-4000-8000-00000000000b"
	otherTenant = "7e000000-0000-4000-8000-000000000002"

	vault   = "https://vault.azure.net"
	storage = "https://storage.azure.com"
	orders  = "https://orders.example.com"
	graph   = "https://graph.microsoft.com"
)

// scenes are the situations whose page is opened in a browser. Each scene runs in virtual time with
// real clients and verifiers and returns the handler of its page.
var scenes = map[string]func(t *testing.T) http.Handler{
	"healthy": func(t *testing.T) http.Handler {
		imds := machine()
		client := over(t, imds, nil)
		for _, resource := range []string{vault, orders, storage} {
			get(t, client, resource)
			time.Sleep(137 * time.Minute)
			get(t, client, resource)
		}
		return statusz.Handler(&statusz.Options{Client: client, Verifier: checking(t, imds), Title: "orders-worker"})
	},
	"some refreshes fail": func(t *testing.T) http.Handler { // the screenshot in docs/statusz.md
		imds := machine()
		client, verifier := over(t, imds, nil), checking(t, imds)
		for _, resource := range []string{vault, storage, orders} {
			get(t, client, resource)
			time.Sleep(time.Minute)
			get(t, client, resource)
			time.Sleep(154 * time.Minute)
		}
		imds.Break(imdstest.Status(503)) // before the first refresh is due
		time.Sleep(5 * time.Hour)        // before the last refresh is due
		return statusz.Handler(&statusz.Options{Client: client, Verifier: verifier, Title: "orders-worker"})
	},
	"outage": func(t *testing.T) http.Handler {
		imds := machine()
		client, verifier := over(t, imds, nil), checking(t, imds)
		for _, resource := range []string{vault, orders, storage} {
			get(t, client, resource)
			time.Sleep(31 * time.Minute)
			get(t, client, resource)
		}
		imds.Break(imdstest.Status(503))
		imds.Issuer().Break(imdstest.Refused())
		time.Sleep(13*time.Hour + 20*time.Minute)
		return statusz.Handler(&statusz.Options{Client: client, Verifier: verifier, Title: "orders-worker"})
	},
	"the end of an outage": func(t *testing.T) http.Handler {
		imds := machine()
		client, verifier := over(t, imds, nil), checking(t, imds)
		for range 2 {
			get(t, client, vault)
			get(t, client, storage)
			time.Sleep(5 * time.Minute)
		}
		imds.Break(imdstest.Hang())
		imds.Issuer().Break(imdstest.Status(502))
		time.Sleep(19 * time.Hour)
		return statusz.Handler(&statusz.Options{Client: client, Verifier: verifier, Title: "orders-worker"})
	},
	"after all cover": func(t *testing.T) http.Handler {
		imds := machine()
		client, verifier := over(t, imds, nil), checking(t, imds)
		for _, resource := range []string{vault, orders} {
			get(t, client, resource)
			time.Sleep(4 * time.Hour)
			get(t, client, resource)
		}
		imds.Break(imdstest.Hang())
		imds.Issuer().Break(imdstest.EntraDown())
		for range 18 {
			get(t, client, orders)
			_, _ = client.Token(t.Context(), vault) // has no token in the end
			time.Sleep(time.Hour)
		}
		imds.Break(imdstest.EntraDown())
		_, err := client.Token(t.Context(), graph)
		require.Error(t, err)
		return statusz.Handler(&statusz.Options{Client: client, Verifier: verifier, Title: "orders-worker"})
	},
	"strangers' texts": func(t *testing.T) http.Handler {
		const bad = `"><script>alert(1)</script><img src=x onerror=alert(1)>{{.}}</style><style>*{display:none}</style>`
		long := "api://" + strings.Repeat("averylongname", 17)
		names := []string{long, "api://" + strings.ReplaceAll(bad, " ", "/")}
		begin := time.Now()
		client := ofCredential(t, func(string) (azcore.AccessToken, error) {
			if time.Since(begin) > time.Minute {
				return azcore.AccessToken{}, errors.New(bad + "\u202e\x1b[31m\x00\u009b\u2028 \u0645\u062b\u0627\u0644 " + strings.Repeat("W", 700) + strings.Repeat(" text", 6000))
			}
			return azcore.AccessToken{Token: "token", ExpiresOn: time.Now().Add(time.Hour)}, nil
		})
		for _, name := range names {
			for range 2 {
				_, err := client.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{name}, TenantID: otherTenant, EnableCAE: true})
				require.NoError(t, err)
			}
		}
		time.Sleep(50 * time.Minute)
		return statusz.Handler(&statusz.Options{Client: client, Title: "\u202e" + bad + long})
	},
	"three hundred resources": func(t *testing.T) http.Handler {
		imds := machine()
		client := over(t, imds, nil)
		for i := range 300 {
			get(t, client, fmt.Sprintf("api://service-%03d", i))
			time.Sleep(2 * time.Minute)
		}
		imds.Break(imdstest.Status(503))
		time.Sleep(2 * time.Hour)
		return statusz.Handler(&statusz.Options{Client: client})
	},
	"restarted in an outage": func(t *testing.T) http.Handler {
		imds := machine()
		store, err := tokenstore.New(tokenstore.Dir(t.TempDir()), bytes.Repeat([]byte{7}, tokenstore.KeySize))
		require.NoError(t, err)
		first := over(t, imds, store)
		get(t, first, vault)
		require.NoError(t, first.Close())
		time.Sleep(5 * time.Hour)
		imds.Break(imdstest.EntraDown())
		client := over(t, imds, store)
		get(t, client, vault)
		return statusz.Handler(&statusz.Options{Client: client})
	},
	"not in use": func(t *testing.T) http.Handler {
		client := over(t, machine(), nil)
		get(t, client, vault)
		time.Sleep(23 * time.Hour)
		return statusz.Handler(&statusz.Options{Client: client})
	},
	"fresh start": func(t *testing.T) http.Handler {
		imds := machine()
		return statusz.Handler(&statusz.Options{Client: over(t, imds, nil), Verifier: imds.Verifier(t, verifierOptions())})
	},
	"closed": func(t *testing.T) http.Handler {
		imds := machine()
		client, verifier := over(t, imds, nil), checking(t, imds)
		get(t, client, vault)
		require.NoError(t, client.Close())
		require.NoError(t, verifier.Close())
		return statusz.Handler(&statusz.Options{Client: client, Verifier: verifier})
	},
	"a verifier of two tenants": func(t *testing.T) http.Handler {
		imds := machine()
		o := verifierOptions()
		o.Tenants = []string{imdstest.DefaultTenantID, otherTenant}
		verifier := imds.Verifier(t, o)
		require.NoError(t, verifier.Warm(t.Context()))
		time.Sleep(100 * time.Minute)
		return statusz.Handler(&statusz.Options{Verifier: verifier, Title: "aztoken guard"})
	},
	"nothing": func(*testing.T) http.Handler { return statusz.Handler(nil) },
	"agent": func(t *testing.T) http.Handler {
		imds := machine()
		config, err := agentfile.Config{Identities: []agentfile.Identity{
			{Name: "orders", ClientID: clientID, Warm: []string{vault, orders}},
			{Name: "prices", ClientID: otherID, Warm: []string{storage}},
		}}.Check()
		require.NoError(t, err)
		opts := agent.Options{Address: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 16930}}
		opts.Client.Transport, opts.Client.Getenv = imds, noEnvironment
		running, err := agent.New(config, opts)
		require.NoError(t, err)
		t.Cleanup(running.Close)
		time.Sleep(6 * time.Hour)
		return statuspage.Handler(statuspage.Subject{Title: "aztoken agent", Clients: func() (all []statuspage.Client) {
			for _, m := range running.Clients() {
				all = append(all, statuspage.Client(m))
			}
			return all
		}})
	},
}

// played runs a scene and returns its handler's answer to a browser's request, so that the browser
// itself can run in real time.
func played(t *testing.T, scene func(t *testing.T) http.Handler) (answer *httptest.ResponseRecorder) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h := scene(t)
		synctest.Wait()
		answer = httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "/statusz", nil)
		r.Header.Set("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
		h.ServeHTTP(answer, r)
	})
	return answer
}

func machine() *imdstest.Server {
	return imdstest.New(&imdstest.Options{Identities: []imdstest.Identity{{ClientID: clientID}, {ClientID: otherID}}})
}

func noEnvironment(string) string { return "" }

// over returns a client of a fake machine; store may be nil.
func over(t *testing.T, imds *imdstest.Server, store *tokenstore.Store) *aztoken.Client {
	t.Helper()
	opts := &aztoken.Options{ID: aztoken.ClientID(clientID), Getenv: noEnvironment, Store: store}
	opts.Transport = imds
	return open(t, opts)
}

// credential is the source of a client's tokens.
type credential func(resource string) (azcore.AccessToken, error)

// GetToken implements [azcore.TokenCredential].
func (c credential) GetToken(_ context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return c(o.Scopes[0])
}

func ofCredential(t *testing.T, c credential) *aztoken.Client {
	t.Helper()
	return open(t, &aztoken.Options{Credential: c})
}

func open(t *testing.T, opts *aztoken.Options) *aztoken.Client {
	t.Helper()
	client, err := aztoken.NewClient(opts)
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func get(t *testing.T, client *aztoken.Client, resource string) {
	t.Helper()
	_, err := client.Token(t.Context(), resource)
	require.NoError(t, err)
}

func verifierOptions() *verify.Options { return &verify.Options{Audiences: []string{orders}} }

// checking returns a verifier that has keys.
func checking(t *testing.T, imds *imdstest.Server) *verify.Verifier {
	t.Helper()
	verifier := imds.Verifier(t, verifierOptions())
	require.NoError(t, verifier.Warm(t.Context()))
	return verifier
}
