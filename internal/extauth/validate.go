package extauth

import (
	"encoding/json"
	"net/http"

	"github.com/seed-ac726066/aztoken/internal/operation"
	"github.com/seed-ac726066/aztoken/verify"
)

// validation is what a program that asks by itself is told of a good token.
type validation struct {
	TenantID  string          `json:"tenant_id"`
	ObjectID  string          `json:"object_id"`
	ClientID  string          `json:"client_id"`
	AppOnly   bool            `json:"app_only"`
	Roles     []string        `json:"roles"`
	Scopes    []string        `json:"scopes"`
	ExpiresOn int64           `json:"expires_on"`
	Claims    json.RawMessage `json:"claims"`
}

// validate answers a program with the claims of the token that it shows, or why that is not good.
// The rules are for proxies.
func (g *Guard) validate(w http.ResponseWriter, r *http.Request) {
	if !operation.OnlyGet(w, r) {
		return
	}
	var (
		claims  *verify.Claims
		refusal *verify.Error
	)
	g.withCurrent(func(now *generation) error {
		var err error
		claims, err = now.validate(r)
		refusal = now.verifier.Refusal(err)
		return err
	})
	if refusal != nil {
		refuse(w, refusal)
		return
	}
	v := validation{
		TenantID: claims.TenantID, ObjectID: claims.ObjectID, ClientID: claims.ClientID, AppOnly: claims.AppOnly,
		Roles: orEmpty(claims.Roles), Scopes: orEmpty(claims.Scopes), ExpiresOn: claims.ExpiresOn.Unix(),
	}
	if err := claims.Decode(&v.Claims); err != nil { // it was read when the token was verified
		operation.WriteError(w, http.StatusInternalServerError, "server_error", "The claims cannot be read.")
		return
	}
	operation.WriteJSON(w, http.StatusOK, v)
}

// validate returns the claims of a request's token.
func (g *generation) validate(r *http.Request) (*verify.Claims, error) {
	token, err := verify.BearerToken(r)
	if err != nil {
		return nil, err
	}
	return g.verifier.Authorize(r.Context(), token, g.required)
}

// refuse answers as package verify does, but in JSON.
func refuse(w http.ResponseWriter, e *verify.Error) {
	code, description := "invalid_token", "The token is not accepted."
	switch e.StatusCode() {
	case http.StatusBadRequest:
		code, description = "invalid_request", "The Authorization header is not Bearer and one token."
	case http.StatusForbidden:
		code, description = "insufficient_scope", "A requirement is not met."
	case http.StatusServiceUnavailable:
		code, description = "temporarily_unavailable", "Tokens cannot be checked at the moment."
		w.Header().Set("Retry-After", retryAfter(e))
	}
	if challenge := e.Challenge(); challenge != "" {
		w.Header().Set("WWW-Authenticate", challenge)
	}
	operation.WriteError(w, e.StatusCode(), code, description)
}

func orEmpty(texts []string) []string {
	if texts == nil {
		return []string{}
	}
	return texts
}
