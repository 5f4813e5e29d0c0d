package hosts

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/seed-ac726066/aztoken/internal/wire"
)

// assertionType is that of RFC 7523, section 2.2.
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// exchange is how an application gets its tokens from Entra: it sends an assertion, made by an
// issuer that Entra trusts, in place of a secret.
//
// https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow#third-case-access-token-request-with-a-federated-credential
type exchange struct {
	wire   *wire.Client
	base   *url.URL // the login host, or its replacement
	tenant string   // of the application: a GUID, or a domain
	client string   // the client id of the application
}

// url returns the address of the token endpoint of a tenant.
func (x *exchange) url(tenant string) string {
	return strings.TrimRight(x.base.String(), "/") + "/" + tenant + "/oauth2/v2.0/token"
}

// token makes one request.
func (x *exchange) token(ctx context.Context, r Request, assertion string) (azcore.AccessToken, error) {
	tenant := cmp.Or(r.Tenant, x.tenant)
	if !IsTenant(tenant) {
		return azcore.AccessToken{}, &wire.Failure{Err: errors.New(notTenant(tenant)), Advice: "pass the GUID or a domain of the tenant"}
	}
	claims, err := withCapability(r.Claims, r.CAE)
	if err != nil {
		return azcore.AccessToken{}, &wire.Failure{Err: err, Advice: "pass the claims of the challenge as they were decoded"}
	}
	form := url.Values{
		"client_id":             {x.client},
		"scope":                 {Scope(r.Resource)},
		"grant_type":            {"client_credentials"},
		"client_assertion_type": {assertionType},
		"client_assertion":      {assertion},
	}
	if claims != "" {
		form.Set("claims", claims)
	}
	req, err := newPost(ctx, x.url(tenant), form)
	if err != nil {
		return azcore.AccessToken{}, err
	}
	return x.wire.Token(req)
}

// capability is the claim by which a client says that it answers claims challenges. Entra then
// gives tokens that live for up to 28 h.
//
// https://learn.microsoft.com/entra/identity-platform/claims-challenge#how-to-communicate-client-capabilities-to-microsoft-entra-id
var capability = json.RawMessage(`{"values":["cp1"]}`)

// withCapability returns the claims of a challenge, "" for none, and the client's capability with
// them if isCAE is set.
func withCapability(claims string, isCAE bool) (string, error) {
	if !isCAE {
		return claims, nil
	}
	all, token := map[string]json.RawMessage{}, map[string]json.RawMessage{}
	if claims != "" {
		if err := json.Unmarshal([]byte(claims), &all); err != nil {
			return "", fmt.Errorf("the claims of the challenge are not a JSON object: %w", err)
		}
	}
	if raw := all["access_token"]; len(raw) > 0 {
		if err := json.Unmarshal(raw, &token); err != nil {
			return "", fmt.Errorf("access_token in the claims of the challenge is not a JSON object: %w", err)
		}
	}
	if token == nil { // it was null
		token = map[string]json.RawMessage{}
	}
	if all == nil {
		all = map[string]json.RawMessage{}
	}
	token["xms_cc"] = capability
	raw, err := json.Marshal(token)
	if err != nil {
		return "", err
	}
	all["access_token"] = raw
	merged, err := json.Marshal(all)
	return string(merged), err
}
