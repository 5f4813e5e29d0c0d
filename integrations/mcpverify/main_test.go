package mcpverify_test

import (
	"context"
	"net/http"
	"sync"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/modelcontextprotocol/go-sdk/oauthex"
	"go.uber.org/goleak"

	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/integrations/mcpverify"
	"github.com/seed-ac726066/aztoken/verify"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	resource = "api://orders-mcp"
	metadata = "/.well-known/oauth-protected-resource/mcp"
)

// service is an MCP server behind a Verifier, with one tool that returns who the caller is.
type service struct {
	http.Handler

	mu      sync.Mutex // guards the fields below
	headers []http.Header
	tokens  []string        // tokens received, each once
	refused map[string]bool // tokens that are answered with 401
}

// newService returns a service at address that accepts the tokens of imds.
func newService(t *testing.T, imds *imdstest.Server, address string, reqs ...verify.Requirement) *service {
	t.Helper()
	v := imds.Verifier(t, &verify.Options{Audiences: []string{resource}, AllowRoleless: true, ResourceMetadata: address + metadata})
	s := &service{refused: map[string]bool{}}
	server := mcp.NewServer(&mcp.Implementation{Name: "orders", Version: "1"}, nil)
	mcp.AddTool(server, &mcp.Tool{Name: "whoami"}, func(_ context.Context, req *mcp.CallToolRequest, _ struct{}) (*mcp.CallToolResult, any, error) {
		claims, ok := mcpverify.Claims(req.Extra)
		text := "nobody"
		if ok {
			text = claims.ObjectID
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.headers = append(s.headers, req.Extra.Header)
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: text}, &mcp.TextContent{Text: req.Extra.TokenInfo.UserID}}}, nil, nil
	})
	streamable := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, nil)
	mux := http.NewServeMux()
	mux.Handle("/mcp", mcpverify.Handler(v, streamable, reqs...))
	mux.Handle(metadata, auth.ProtectedResourceMetadataHandler(&oauthex.ProtectedResourceMetadata{
		Resource:             address + "/mcp",
		AuthorizationServers: []string{"https://login.microsoftonline.com/" + imdstest.DefaultTenantID + "/v2.0"},
		ScopesSupported:      []string{resource + "/orders.read"},
	}))
	s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.refuses(r.Header.Get("Authorization")) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		mux.ServeHTTP(w, r)
	})
	return s
}

func (s *service) refuses(header string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.tokens); header != "" && (n == 0 || s.tokens[n-1] != header) {
		s.tokens = append(s.tokens, header)
	}
	return s.refused[header]
}

// refuseLast makes the service answer 401 to the last token that it received.
func (s *service) refuseLast() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused[s.tokens[len(s.tokens)-1]] = true
}

// connect returns a client session with address whose requests go through hc.
func connect(ctx context.Context, t *testing.T, address string, hc *http.Client) (*mcp.ClientSession, error) {
	t.Helper()
	client := mcp.NewClient(&mcp.Implementation{Name: "worker", Version: "1"}, nil)
	session, err := client.Connect(ctx, &mcp.StreamableClientTransport{Endpoint: address + "/mcp", HTTPClient: hc, MaxRetries: -1}, nil)
	if err == nil {
		t.Cleanup(func() { _ = session.Close() })
	}
	return session, err
}

// whoami calls the tool.
func whoami(ctx context.Context, session *mcp.ClientSession) (objectID, userID string, err error) {
	result, err := session.CallTool(ctx, &mcp.CallToolParams{Name: "whoami"})
	if err != nil {
		return "", "", err
	}
	return result.Content[0].(*mcp.TextContent).Text, result.Content[1].(*mcp.TextContent).Text, nil
}
