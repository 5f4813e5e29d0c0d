package aztoken

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"time"
)

// Token is an access token. Printing, logging or marshalling it shows when it expires and never the secret, for which
// [Token.Value] is the only way. The zero Token is no token.
type Token struct {
	// Resource is what the token is for, as it was asked for.
	Resource string
	// AcquiredOn is when the client first got this token. It may have been minted earlier: platforms cache too.
	AcquiredOn time.Time
	// RefreshOn is when the background refresh is due.
	RefreshOn time.Time
	// ExpiresOn is when services begin to refuse the token.
	ExpiresOn time.Time

	secret *secret
}

// secret keeps a token where neither reflection nor unsafe pointers find it: dumpers that walk unexported fields and
// follow pointers, as the diff of a failed test does, print a func as an address.
type secret struct {
	reveal func() (value string, header []string)
}

func newSecret(value string) *secret {
	header := []string{"Bearer " + value} // ready-made, so that a request costs no concatenation
	return &secret{reveal: func() (string, []string) { return value, header }}
}

func (s *secret) value() string {
	if s == nil {
		return ""
	}
	v, _ := s.reveal()
	return v
}

// Value is the token itself, to be sent to its resource and shown to nobody else.
func (t Token) Value() string { return t.secret.value() }

// String describes the token without the secret.
func (t Token) String() string {
	if t.secret == nil {
		return "Token(none)"
	}
	return fmt.Sprintf("Token(%s, expires %s, REDACTED)", t.Resource, t.ExpiresOn.Format(time.RFC3339))
}

// Format writes String for every verb: %x and %#v of a struct would print its fields.
func (t Token) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, t.String()) }

// LogValue implements [slog.LogValuer].
func (t Token) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("resource", t.Resource),
		slog.Time("acquired_on", t.AcquiredOn),
		slog.Time("refresh_on", t.RefreshOn),
		slog.Time("expires_on", t.ExpiresOn),
	)
}

// MarshalJSON implements [json.Marshaler]: resource and times, no secret.
func (t Token) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Resource   string    `json:"resource"`
		AcquiredOn time.Time `json:"acquired_on"`
		RefreshOn  time.Time `json:"refresh_on"`
		ExpiresOn  time.Time `json:"expires_on"`
	}{t.Resource, t.AcquiredOn, t.RefreshOn, t.ExpiresOn})
}
