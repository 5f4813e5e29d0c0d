// Package federation simulates how Entra ID checks the tokens that stand in for a secret: against
// the federated credentials of the application or identity that sends them.
package federation

import (
	"cmp"
	"encoding/json"
	"strings"
	"time"
)

// Assertion has the claims of a token that stands in for a secret.
type Assertion struct {
	Issuer, Subject string
	Audiences       []string
	NotBefore       time.Time // zero: none
	ExpiresOn       time.Time

	ClientID string // of the application that Entra issued it to; "": not known
	OfUser   bool   // an application got it on behalf of a user
}

// Read returns what a payload says. Its error is that of a claim of another type.
func Read(payload []byte) (Assertion, error) {
	var claims struct {
		Issuer    string    `json:"iss"`
		Subject   string    `json:"sub"`
		Audience  audiences `json:"aud"`
		NotBefore float64   `json:"nbf"`
		Expires   float64   `json:"exp"`
		AppID     string    `json:"appid"`
		Azp       string    `json:"azp"`
		Scopes    string    `json:"scp"`
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		return Assertion{}, err
	}
	return Assertion{
		Issuer: claims.Issuer, Subject: claims.Subject, Audiences: claims.Audience,
		NotBefore: time.Unix(int64(claims.NotBefore), 0), ExpiresOn: time.Unix(int64(claims.Expires), 0),
		ClientID: cmp.Or(claims.Azp, claims.AppID), OfUser: claims.Scopes != "",
	}, nil
}

// OfEntra reports whether Entra ID issued it, for whichever tenant.
func (a Assertion) OfEntra() bool {
	return strings.HasPrefix(a.Issuer, "https://login.microsoftonline.com/") ||
		strings.HasPrefix(a.Issuer, "https://sts.windows.net/")
}

// Valid reports whether the assertion is valid at now.
func (a Assertion) Valid(now time.Time) bool {
	return !now.Before(a.NotBefore) && now.Before(a.ExpiresOn)
}

// audience returns the audience for a message.
func (a Assertion) audience() string { return strings.Join(a.Audiences, ", ") }

// audiences is the claim aud: one string or several.
type audiences []string

// UnmarshalJSON reads either form.
func (a *audiences) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*a = audiences{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(a))
}
