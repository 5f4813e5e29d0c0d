package docs_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/statusz"
	"github.com/seed-ac726066/aztoken/tokenstore"
	"github.com/seed-ac726066/aztoken/verify"
)

// The code of the pages that is in no example and no program, in the order of the pages. It is
// compiled but never runs: TestCodeIsCompiled finds it here.

// README.md
var (
	_ = func() error {
		client, err := aztoken.NewClient(nil) // finds the managed identity; makes no network call
		if err != nil {
			return err
		}
		defer client.Close()
		api := client.Wrap(http.DefaultClient, "https://orders.example.com") // adds the tokens
		_ = api
		return nil
	}
	_ = func(ctx context.Context, client *aztoken.Client) {
		token, err := client.Token(ctx, "https://orders.example.com") // token.Value() is the secret
		_, _ = token, err
	}
	_ = func(mux *http.ServeMux, list http.Handler) error {
		verifier, err := verify.New(&verify.Options{
			Audiences: []string{"https://orders.example.com"},           // for v2 tokens: client ID
			Tenants:   []string{"7e000000-0000-4000-8000-000000000001"}, // yours
			KeyFile:   "/var/cache/orders/keys.json",                    // optional, for outages
		})
		if err != nil {
			return err
		}
		defer verifier.Close()

		mux.Handle("GET /orders", verifier.Handler(list, verify.Role("consumer")))
		return nil
	}
	_ = func(t *testing.T) {
		imds := imdstest.NewServer(t, nil)
		client, err := aztoken.NewClient(&aztoken.Options{Endpoint: imds.URL})
		_, _ = client, err
		imds.BreakFor(12*time.Hour, imdstest.Hang())
	}
	_ = func(t *testing.T, imds *imdstest.Server, cmd *exec.Cmd) {
		imds.AppService().Setenv(t)                                // for this process, in this test
		cmd.Env = imds.Arc().Environ()                             // for a child process
		opts := &aztoken.Options{Getenv: imds.ServiceFabric().Get} // for one client (parallel test)
		_ = opts
	}
	_ = func(key []byte, id string) {
		store, err := tokenstore.New(tokenstore.Dir("/var/lib/orders/tokens"), key) // 32 bytes
		fatal(err)
		client, err := aztoken.NewClient(&aztoken.Options{ID: aztoken.ClientID(id), Store: store})
		_, _ = client, err
	}
)

// aks.md
var (
	_ = func(ctx context.Context) error {
		client, err := aztoken.NewClient(nil)
		if err != nil {
			return err
		}
		defer client.Close()
		if err := client.Warm(ctx, "https://orders.example.com"); err != nil {
			return err // a missing federated credential or role fails here, at pod start
		}
		api := client.Wrap(http.DefaultClient, "https://orders.example.com")
		_ = api
		return nil
	}
	_ = func(t *testing.T) {
		imds := imdstest.NewServer(t, nil)
		opts := &aztoken.Options{Getenv: imds.WorkloadIdentity().Get}
		opts.Transport = imds.Client() // trusts the fake's certificate
		client, err := aztoken.NewClient(opts)
		_, _ = client, err
	}
)

// federation.md
var (
	_ = func() {
		client, err := aztoken.NewClient(&aztoken.Options{
			ID: aztoken.ClientID("c0000000-0000-4000-8000-000000000001"), // credential's identity
			Federation: &aztoken.Federation{
				TenantID: "7e000000-0000-4000-8000-000000000001", // of the app registration
				ClientID: "a0000000-0000-4000-8000-000000000001",
			},
		})
		_, _ = client, err
	}
	_ = aztoken.Federation{
		Assertion: func(context.Context) (string, error) {
			token, err := os.ReadFile("/var/run/secrets/tokens/entra") // a final newline is fine
			return string(token), err
		},
	}
	_ = func(ctx context.Context, client *aztoken.Client, customer string) {
		token, err := client.GetToken(ctx, policy.TokenRequestOptions{
			Scopes: []string{"https://graph.microsoft.com/.default"}, TenantID: customer,
		})
		_, _ = token, err
	}
)

// several-identities.md
var _ = func(ordersID, pricesID string) {
	orders, err := aztoken.NewClient(&aztoken.Options{ID: aztoken.ClientID(ordersID)})
	fatal(err)
	prices, err := aztoken.NewClient(&aztoken.Options{ID: aztoken.ClientID(pricesID)})
	_, _, _ = orders, prices, err
}

// statusz.md
var _ = func(mux *http.ServeMux, client *aztoken.Client, verifier *verify.Verifier) {
	mux.Handle("GET /statusz", statusz.Handler(&statusz.Options{Client: client, Verifier: verifier, Title: "orders-worker"}))
	internal := &http.Server{Addr: "127.0.0.1:6060", Handler: mux} // not the service's own address
	_ = internal
}

// store.md
var (
	_ = func(key []byte, id string) {
		store, err := tokenstore.New(tokenstore.Dir("/var/lib/orders/tokens"), key)
		fatal(err)
		client, err := aztoken.NewClient(&aztoken.Options{ID: aztoken.ClientID(id), Store: store})
		_, _ = client, err
	}
	_ = func() {
		key, err := os.ReadFile(filepath.Join(os.Getenv("CREDENTIALS_DIRECTORY"), "tokens.key"))
		fatal(err)
		store, err := tokenstore.New(tokenstore.Dir(filepath.Join(os.Getenv("STATE_DIRECTORY"), "tokens")), key)
		_, _ = store, err
	}
)

// verify.md
var (
	_ = verify.Options{
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, e *verify.Error) {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(e.StatusCode())
			fmt.Fprintf(w, `{"status":%d}`, e.StatusCode())
		},
	}
	_ = func(w http.ResponseWriter, r *http.Request, verifier *verify.Verifier) {
		var claims *verify.Claims
		token, err := verify.BearerToken(r)
		if err == nil {
			claims, err = verifier.Authorize(r.Context(), token, verify.Role("consumer"))
		}
		if err != nil {
			// e has Realm and ResourceMetadata; its status is 503 if the verifier is closed.
			e := verifier.Refusal(err)
			w.Header().Set("WWW-Authenticate", e.Challenge()) // and Retry-After, from e.RetryAfter
			w.WriteHeader(e.StatusCode())
			return
		}
		ctx := verify.NewTokenContext(verify.NewContext(r.Context(), claims), token)
		_ = ctx
	}
	_ = func(mux *http.ServeMux, mcp http.Handler, tenant string) {
		verifier, err := verify.New(&verify.Options{
			Audiences:        []string{"api://orders-mcp"},
			Tenants:          []string{tenant},
			ResourceMetadata: "https://orders.example.com/.well-known/oauth-protected-resource",
		})
		mux.HandleFunc("GET /.well-known/oauth-protected-resource", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"resource":"https://orders.example.com/mcp",
		"authorization_servers":["https://login.microsoftonline.com/%s/v2.0"],
		"scopes_supported":["api://orders-mcp/orders.read"]}`, tenant)
		})
		mux.Handle("/mcp", verifier.Handler(mcp, verify.AnyScope("orders.read")))
		fatal(err)
	}
)

func fatal(err error) {
	if err != nil {
		panic(err)
	}
}
