package extauth

import (
	"encoding/json"
	"net/http"

	"github.com/seed-ac726066/aztoken/internal/operation"
	"github.com/seed-ac726066/aztoken/verify"
)

// validatePath is where programs ask without a proxy.
const validatePath = "/validate"

// validation is what a program that asks without a proxy is told about a good token.
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

// validate answers a program with the claims of the token that it sends, or with why the token is
// not good. The rules are for proxies only.
func (g *Guard) validate(w http.ResponseWriter, r *http.Request) {
	if !operation.OnlyGet(w, r) {
		return
	}
	var o outcome
	g.withCurrent(func(now *generation) error {
		o = now.validate(r)
		return o.err
	})
	g.log(r.Context(), o)
	if o.refusal != nil {
		refuse(w, o.refusal)
		return
	}
	claims := o.claims
	v := validation{
		TenantID: claims.TenantID, ObjectID: claims.ObjectID, ClientID: claims.ClientID, AppOnly: claims.AppOnly,
		Roles: orEmpty(claims.Roles), Scopes: orEmpty(claims.Scopes), ExpiresOn: claims.ExpiresOn.Unix(),
	}
	// cannot fail: the claims were read when the token was verified
	if err := claims.Decode(&v.Claims); err != nil {
		operation.WriteError(w, http.StatusInternalServerError, "server_error", "The claims cannot be read.")
		return
	}
	operation.WriteJSON(w, http.StatusOK, v)
}

// validate decides about the token of a program's request.
func (g *generation) validate(r *http.Request) outcome {
	o := outcome{result: allowed, asked: original{method: r.Method, target: validatePath}}
	return g.authorize(o, r, g.required)
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
