package wire

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
)

var (
	errNotObject   = errors.New("the reply is not one JSON object")
	errNoToken     = errors.New("the reply has no access_token")
	errTokenText   = errors.New("the access_token is not printable ASCII without spaces")
	errNotBearer   = errors.New("the token_type is not Bearer")
	errNoExpiry    = errors.New("the reply does not say when the token expires")
	errExpired     = errors.New("the token has expired already")
	errNoLifeToUse = errors.New("the token expires at once")
)

// minLife is the least that a token must have left to be worth keeping; with less it would expire
// on the way.
const minLife = 3 * time.Second

// ParseReply reads the body of a 200 from an identity endpoint at the time now. Member names are
// compared exactly (encoding/json would accept "Access_Token" too); numbers may be strings. The
// token's ExpiresOn has the monotonic reading of now if the reply has a remaining life.
//
// The error describes what is wrong and never quotes the reply.
func ParseReply(body []byte, now time.Time) (azcore.AccessToken, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil || fields == nil {
		return azcore.AccessToken{}, errNotObject // a JSON null leaves the map nil without an error
	}
	var token, tokenType string
	if json.Unmarshal(fields["access_token"], &token) != nil || token == "" {
		return azcore.AccessToken{}, errNoToken
	}
	if raw, ok := fields["token_type"]; ok && string(raw) != `""` && (json.Unmarshal(raw, &tokenType) != nil || !strings.EqualFold(tokenType, "Bearer")) {
		return azcore.AccessToken{}, errNotBearer // an empty one names no other
	}
	expires, err := expiry(fields, token, now)
	if err != nil {
		return azcore.AccessToken{}, err
	}
	t := azcore.AccessToken{Token: token, ExpiresOn: expires}
	// A refresh_in of zero or less is not advice: honored, it would be a request a minute.
	if in, ok := seconds(fields["refresh_in"]); ok && in > 0 {
		t.RefreshOn = now.Add(in)
	}
	return t, Usable(t, now)
}

// Usable returns why t cannot be sent to a service at the time now, nil if it can.
func Usable(t azcore.AccessToken, now time.Time) error {
	switch left := t.ExpiresOn.Sub(now); {
	case t.Token == "":
		return errNoToken
	case strings.ContainsFunc(t.Token, func(r rune) bool { return r <= ' ' || r > '~' }):
		return errTokenText // it would not be exactly one header value
	case t.ExpiresOn.IsZero():
		return errNoExpiry
	case left <= 0:
		return errExpired
	case left < minLife:
		return errNoLifeToUse
	}
	return nil
}
