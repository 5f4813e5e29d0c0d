package fakegraph

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// tokenLifetime is that of Entra's tokens for users.
const tokenLifetime = time.Hour

// signIn answers a request for a token. Anybody gets one: it is valid only for this server.
func (s *Server) signIn(q request) answer {
	form, err := url.ParseQuery(string(q.body))
	if err != nil || form.Get("resource") == "" || q.method != http.MethodPost {
		return badRequest("The sign-in of fakegraph takes a POST of a form with the resource.")
	}
	return ok(map[string]any{
		"token_type": "Bearer", "access_token": token(form.Get("resource"), s.options.TenantID), "expires_in": int(tokenLifetime / time.Second),
	})
}

// token returns an unsigned token, which only a fake accepts.
func token(audience, tenantID string) string {
	// Marshaling strings cannot fail.
	claims, _ := json.Marshal(map[string]string{"aud": audience, "tid": tenantID})
	part := base64.RawURLEncoding.EncodeToString
	return part([]byte(`{"alg":"none"}`)) + "." + part(claims) + ".none"
}

// Credential returns tokens that a server accepts, for any resource. It is for clients that use the
// server as if it were Graph itself.
type Credential struct{}

// GetToken implements azcore.TokenCredential.
func (Credential) GetToken(_ context.Context, opts policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{
		Token: token(strings.TrimSuffix(opts.Scopes[0], "/.default"), TenantID), ExpiresOn: time.Now().Add(tokenLifetime),
	}, nil
}
