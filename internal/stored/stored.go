// Package stored decides about tokens from a store: which may be used, and which may replace
// others. It is pure: the store itself is package tokenstore, and the client puts the two together.
package stored

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"time"

	"github.com/seed-ac726066/aztoken/internal/jwt"
	"github.com/seed-ac726066/aztoken/internal/schedule"
	"github.com/seed-ac726066/aztoken/internal/secret"
)

// Token is what an entry of a store holds.
type Token struct {
	Value secret.Text
	// Acquired is when a client first got the token, and Given when the endpoint last returned it.
	Acquired, Given time.Time
	Expires         time.Time
	// Rejected is the acquisition of the last token of the entry that a service rejected, zero for
	// none: what was acquired up to then must not come back.
	Rejected time.Time
}

// payload is the JSON of a Token. Times are Unix milliseconds.
type payload struct {
	Version  int    `json:"v"`
	Token    string `json:"token"`
	Acquired int64  `json:"acquired"`
	Given    int64  `json:"given"`
	Expires  int64  `json:"expires"`
	Rejected int64  `json:"rejected,omitempty"`
}

// version is that of the payload. A release reads its own and the one before.
const version = 1

// maxLife is longer than any token lives. A longer one is damaged or made up.
const maxLife = 365 * 24 * time.Hour

// Encode returns the payload of t.
func (t Token) Encode() []byte {
	p := payload{
		Version: version, Token: t.Value.Reveal(),
		Acquired: t.Acquired.UnixMilli(), Given: t.Given.UnixMilli(), Expires: t.Expires.UnixMilli(),
	}
	if !t.Rejected.IsZero() {
		p.Rejected = t.Rejected.UnixMilli()
	}
	text, err := json.Marshal(p)
	if err != nil {
		panic(err) // a struct of strings and numbers has a JSON form
	}
	return text
}

// Decode returns the Token of a payload, and false if it is not one that this release reads.
func Decode(text []byte) (Token, bool) {
	var p payload
	if json.Unmarshal(text, &p) != nil || p.Version != version || p.Token == "" {
		return Token{}, false
	}
	t := Token{
		Value: secret.New(p.Token), Acquired: time.UnixMilli(p.Acquired), Given: time.UnixMilli(p.Given),
		Expires: time.UnixMilli(p.Expires),
	}
	if p.Rejected != 0 {
		t.Rejected = time.UnixMilli(p.Rejected)
	}
	// A token is of no use after its own exp, even if the entry says otherwise.
	if claims, ok := jwt.Claims(p.Token); ok {
		if exp := jwt.Time(claims["exp"]); !exp.IsZero() && exp.Before(t.Expires) {
			t.Expires = exp
		}
	}
	life := t.Expires.Sub(t.Acquired)
	ok := life > 0 && life <= maxLife && !t.Given.Before(t.Acquired) && t.Given.Before(t.Expires)
	return t, ok
}

// IsUsable reports whether t may be used at now: it has not expired, it was acquired after rejected
// (zero for none), and not further ahead of this machine's clock than tolerance, because then one
// of the two clocks is wrong.
func (t Token) IsUsable(now, rejected time.Time, tolerance time.Duration) bool {
	return t.Expires.Sub(now) > schedule.ExpirySkew && t.Acquired.Sub(now) <= tolerance &&
		(rejected.IsZero() || t.Acquired.After(rejected))
}

// Best returns the token of several entries that lives longest, among those that fits accepts and
// that no other entry says was rejected; false if there is none.
func Best(payloads [][]byte, fits func(Token) bool) (Token, bool) {
	var tokens []Token
	var rejected time.Time
	for _, text := range payloads {
		if t, ok := Decode(text); ok && fits(t) {
			tokens = append(tokens, t)
			if t.Rejected.After(rejected) {
				rejected = t.Rejected
			}
		}
	}
	var best Token
	found := false
	for _, t := range tokens {
		if t.Acquired.After(rejected) && (!found || t.Expires.After(best.Expires)) {
			best, found = t, true
		}
	}
	best.Rejected = rejected
	return best, found
}

// MayReplace reports whether t may be saved where old is kept. A better token of the same identity
// is never overwritten, and a replacement of a rejected token is not overwritten by an earlier
// token; between two identities the one acquired later wins.
func (t Token) MayReplace(old Token) bool {
	switch {
	case !old.Rejected.IsZero() && !t.Acquired.After(old.Rejected):
		return false
	case !t.Rejected.IsZero() && !old.Acquired.After(t.Rejected):
		return true
	case t.Value.Reveal() == old.Value.Reveal():
		return t.Given.After(old.Given)
	case isOther(objectID(t), objectID(old)):
		return t.Acquired.After(old.Acquired)
	}
	return t.Expires.After(old.Expires)
}

// SameObject reports whether two tokens may be of the same identity: tokens that are not JWTs do
// not show whose they are.
func SameObject(a, b string) bool {
	return !isOther(objectID(Token{Value: secret.New(a)}), objectID(Token{Value: secret.New(b)}))
}

func isOther(a, b string) bool { return a != "" && b != "" && a != b }

func objectID(t Token) string {
	claims, _ := jwt.Claims(t.Value.Reveal())
	return jwt.Text(claims["oid"])
}

// Draw returns a random number in [0, 1) for a token. The same seed always gives the same number,
// so a program that restarts neither delays a refresh nor brings it forward.
func Draw(token string, seed uint64) float64 {
	sum := sha256.Sum256(append(binary.BigEndian.AppendUint64(nil, seed), token...))
	return float64(binary.BigEndian.Uint64(sum[:])>>11) / (1 << 53)
}
