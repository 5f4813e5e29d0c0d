// Package mcpverify puts package verify in front of an MCP server of the official Go SDK.
//
//	verifier, err := verify.New(&verify.Options{
//		Audiences:        []string{"api://orders-mcp"},
//		Tenants:          []string{tenant},
//		ResourceMetadata: "https://orders.example.com/.well-known/oauth-protected-resource/mcp",
//	})
//	…
//	server := mcp.NewStreamableHTTPHandler(getServer, nil)
//	mux.Handle("/mcp", mcpverify.Handler(verifier, server, verify.Role("reader")))
//
// In a tool, [Claims] returns the caller's claims. On the other side, aztoken's Client.Wrap makes
// the HTTP client of an mcp.StreamableClientTransport.
package mcpverify

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/seed-ac726066/aztoken/verify"
)

// claimsKey is the key of the claims in a TokenInfo's Extra.
const claimsKey = "aztoken.claims"

// Handler returns [verify.Verifier.Handler] in front of server, an http.Handler of the SDK. It
// tells the SDK who the caller is: a session serves only the caller that started it, and tools get
// the caller from [Claims] or req.Extra.TokenInfo. Its UserID is the tenant and the object id; its
// Scopes are those of the token.
//
// The SDK's own auth.RequireBearerToken would answer 500 instead of 503 while there are no keys,
// and would tell callers why their token was not accepted.
func Handler(v *verify.Verifier, server http.Handler, reqs ...verify.Requirement) http.Handler {
	if server == nil {
		return v.Handler(nil, reqs...) // answers with an error that says so
	}
	known := auth.RequireBearerToken(tokenInfo, &auth.RequireBearerTokenOptions{ClockSkew: alreadyJudged})(without(server))
	return v.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The Verifier has removed the header, and the SDK requires one.
		known.ServeHTTP(w, withHeader(r, "Bearer verified"))
	}), reqs...)
}

// alreadyJudged is a clock skew so large that only the Verifier decides whether a token has
// expired.
const alreadyJudged = 24 * time.Hour

var errNoClaims = errors.New("mcpverify: no claims; put Handler in front of the server")

// tokenInfo returns what the SDK gets to know about a caller that a Verifier has accepted.
func tokenInfo(ctx context.Context, _ string, _ *http.Request) (*auth.TokenInfo, error) {
	c, ok := verify.FromContext(ctx)
	if !ok {
		return nil, errNoClaims
	}
	return &auth.TokenInfo{
		UserID: c.TenantID + "/" + c.ObjectID, Scopes: c.Scopes, Expiration: c.ExpiresOn,
		Extra: map[string]any{claimsKey: c},
	}, nil
}

// Claims returns the claims of the token of a request to a server behind [Handler]. extra is
// req.Extra.
func Claims(extra *mcp.RequestExtra) (*verify.Claims, bool) {
	if extra == nil || extra.TokenInfo == nil {
		return nil, false
	}
	c, ok := extra.TokenInfo.Extra[claimsKey].(*verify.Claims)
	return c, ok
}

// without removes the header again.
func without(server http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { server.ServeHTTP(w, withHeader(r, "")) })
}

// withHeader returns r with value as its Authorization header; "" means no header.
func withHeader(r *http.Request, value string) *http.Request {
	changed := r.WithContext(r.Context())
	changed.Header = r.Header.Clone()
	changed.Header.Del("Authorization")
	if value != "" {
		changed.Header.Set("Authorization", value)
	}
	return changed
}
