package mcpverify_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/modelcontextprotocol/go-sdk/oauthex"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/integrations/mcpverify"
	"github.com/seed-ac726066/aztoken/verify"
)

func ExampleHandler() {
	imds := imdstest.New(nil) // plays the host and Entra ID
	verifier, err := verify.New(&verify.Options{
		Audiences: []string{"api://orders-mcp"}, Tenants: []string{imdstest.DefaultTenantID}, AllowRoleless: true,
		Authority: "https://entra.test", HTTPClient: imds.Client(),
	})
	if err != nil {
		log.Fatal(err)
	}
	defer verifier.Close()
	server := mcp.NewServer(&mcp.Implementation{Name: "orders", Version: "1"}, nil)
	addTool(server)
	handler := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, nil)
	web := httptest.NewServer(mcpverify.Handler(verifier, handler))
	defer web.Close()

	opts := &aztoken.Options{}
	opts.Transport = imds
	client, err := aztoken.NewClient(opts)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	ctx := context.Background()
	session, err := mcp.NewClient(&mcp.Implementation{Name: "worker", Version: "1"}, nil).Connect(ctx, &mcp.StreamableClientTransport{
		Endpoint: web.URL, HTTPClient: client.Wrap(nil, "api://orders-mcp"),
	}, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer session.Close()
	result, err := session.CallTool(ctx, &mcp.CallToolParams{Name: "whoami"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Content[0].(*mcp.TextContent).Text)
	// Output: 0b000000-0000-4000-8000-000000000001
}

// The functions have the code of docs/recipes/mcp.md, to check that it compiles.

func addTool(server *mcp.Server) {
	mcp.AddTool(server, &mcp.Tool{Name: "whoami"}, func(_ context.Context, req *mcp.CallToolRequest, _ struct{}) (*mcp.CallToolResult, any, error) {
		claims, ok := mcpverify.Claims(req.Extra)
		if !ok {
			return nil, nil, errors.New("nobody")
		}
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: claims.ObjectID}}}, nil, nil
	})
}

var (
	_ = serve
	_ = call
)

func serve(mux *http.ServeMux, tenant string, server func(*http.Request) *mcp.Server) error {
	verifier, err := verify.New(&verify.Options{
		Audiences:        []string{"api://orders-mcp"},
		Tenants:          []string{tenant},
		ResourceMetadata: "https://orders.example.com/.well-known/oauth-protected-resource/mcp",
	})
	if err != nil {
		return err
	}
	mux.Handle("/mcp", mcpverify.Handler(verifier, mcp.NewStreamableHTTPHandler(server, nil), verify.Role("reader")))
	mux.Handle("/.well-known/oauth-protected-resource/mcp", auth.ProtectedResourceMetadataHandler(&oauthex.ProtectedResourceMetadata{
		Resource:             "https://orders.example.com/mcp",
		AuthorizationServers: []string{"https://login.microsoftonline.com/" + tenant + "/v2.0"},
		ScopesSupported:      []string{"api://orders-mcp/orders.read"},
	}))
	return nil
}

func call(ctx context.Context, client *aztoken.Client) error {
	if err := client.Warm(ctx, "api://orders-mcp"); err != nil {
		return err
	}
	session, err := mcp.NewClient(&mcp.Implementation{Name: "worker", Version: "1"}, nil).Connect(ctx, &mcp.StreamableClientTransport{
		Endpoint:   "https://orders.example.com/mcp",
		HTTPClient: client.Wrap(nil, "api://orders-mcp"),
	}, nil)
	if err != nil {
		return err
	}
	return session.Close()
}

func TestPage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/recipes/mcp.md")
	require.NoError(t, err)
	source, err := os.ReadFile("example_test.go")
	require.NoError(t, err)
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	require.Len(t, blocks, 3)
	for _, block := range blocks {
		require.Contains(t, string(source), regexp.MustCompile(`(?m)^(.)`).ReplaceAllString(block[1], "\t$1"))
	}
}
