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

// claimsKey is that of the claims in a TokenInfo's Extra.
const claimsKey = "aztoken.claims"

// Handler is [verify.Verifier.Handler] in front of server, an http.Handler of the SDK, and tells
// the SDK who the caller is: a session serves only whoever began it, and tools find the caller by
// [Claims] and in req.Extra.TokenInfo. Its UserID is the tenant and the object id, its Scopes are
// those of the token.
//
// The SDK's own auth.RequireBearerToken would answer 500 in place of 503 while there are no keys,
// and tell a caller why its token was not accepted.
func Handler(v *verify.Verifier, server http.Handler, reqs ...verify.Requirement) http.Handler {
	if server == nil {
		return v.Handler(nil, reqs...) // which says so
	}
	known := auth.RequireBearerToken(tokenInfo, &auth.RequireBearerTokenOptions{ClockSkew: alreadyJudged})(without(server))
	return v.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The Verifier has taken the header off, and the SDK looks for one.
		known.ServeHTTP(w, withHeader(r, "Bearer verified"))
	}), reqs...)
}

// alreadyJudged leaves it to the Verifier when a token has expired.
const alreadyJudged = 24 * time.Hour

var errNoClaims = errors.New("mcpverify: no claims; put Handler in front of the server")

// tokenInfo returns what the SDK knows of a caller whom a Verifier has let through.
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

// Claims returns the claims of the token with which a request to a server behind [Handler] came:
// extra is req.Extra.
func Claims(extra *mcp.RequestExtra) (*verify.Claims, bool) {
	if extra == nil || extra.TokenInfo == nil {
		return nil, false
	}
	c, ok := extra.TokenInfo.Extra[claimsKey].(*verify.Claims)
	return c, ok
}

// without takes the header off again.
func without(server http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { server.ServeHTTP(w, withHeader(r, "")) })
}

// withHeader returns r with an Authorization header of value, "" for none.
func withHeader(r *http.Request, value string) *http.Request {
	changed := r.WithContext(r.Context())
	changed.Header = r.Header.Clone()
	changed.Header.Del("Authorization")
	if value != "" {
		changed.Header.Set("Authorization", value)
	}
	return changed
}
