package extauth

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/seed-ac726066/aztoken/verify"
)

// maxIdentity is how large the headers for the service may be together: proxies have buffers of 4
// to 16 KiB for the whole header of an answer. They are never cut: a truncated role may be a
// different role.
const maxIdentity = 8 << 10

var errIdentitySize = errors.New("what the service would be told of the caller is larger than 8 KiB")

// identityHeaders are what the service is told, in the order of an identity.
var identityHeaders = [...]string{tenantHeader, objectIDHeader, clientIDHeader, rolesHeader, scopesHeader, claimsHeader}

// identity has the values of the headers for the service. They are empty if there is no value, so
// that a proxy that copies them overwrites what a caller has sent.
type identity [len(identityHeaders)]string

// newIdentity returns what the service is told about a caller; nil claims mean none.
func newIdentity(c *verify.Claims, withClaims bool) (id identity, err error) {
	if c == nil {
		return id, nil
	}
	id = identity{encoded(c.TenantID), encoded(c.ObjectID), encoded(c.ClientID), encodedAll(c.Roles, ","), encodedAll(c.Scopes, " ")}
	if withClaims {
		var payload json.RawMessage
		if err := c.Decode(&payload); err != nil {
			return identity{}, err
		}
		id[len(id)-1] = base64.RawURLEncoding.EncodeToString(payload)
	}
	size := 0
	for i, value := range id {
		size += len(identityHeaders[i]) + len(": \r\n") + len(value)
	}
	if size > maxIdentity {
		return identity{}, errIdentitySize
	}
	return id, nil
}

// write puts the headers into an answer.
func (id *identity) write(h http.Header) {
	values := make([]string, len(id)) // one allocation for all
	copy(values, id[:])
	for i, name := range identityHeaders {
		h[name] = values[i : i+1 : i+1]
	}
}

// encodedAll returns the encoded texts joined by a separator that none of them can contain.
func encodedAll(texts []string, separator string) string {
	if len(texts) == 1 {
		return encoded(texts[0])
	}
	var b strings.Builder
	for i, text := range texts {
		if i > 0 {
			b.WriteString(separator)
		}
		b.WriteString(encoded(text))
	}
	return b.String()
}

// encoded returns text with all but [A-Za-z0-9._~:/@-] percent-encoded.
func encoded(text string) string {
	i := 0
	for i < len(text) && isPlain(text[i]) {
		i++
	}
	if i == len(text) {
		return text // nearly all texts are plain
	}
	var b strings.Builder
	for i := range len(text) {
		const digits = "0123456789ABCDEF"
		if c := text[i]; isPlain(c) {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', digits[c>>4], digits[c&15]})
		}
	}
	return b.String()
}

// isPlain reports whether a byte is not encoded. The bits of two words are faster than comparisons,
// and each check looks at some 150 bytes.
func isPlain(c byte) bool {
	const (
		digits  = (1<<10 - 1) << '0'
		letters = (1<<26-1)<<('a'-64) | (1<<26-1)<<('A'-64)
		low     = digits | 1<<'-' | 1<<'.' | 1<<'/' | 1<<':'
		high    = letters | 1<<('@'-64) | 1<<('_'-64) | 1<<('~'-64)
	)
	switch c >> 6 {
	case 0:
		return uint64(low)>>c&1 != 0
	case 1:
		return uint64(high)>>(c-64)&1 != 0
	}
	return false
}

// write answers a check. Some proxies treat any status but these four as an error of the guard.
func (o outcome) write(w http.ResponseWriter, id identity) {
	h := w.Header()
	h["Cache-Control"] = noStore
	status, text := http.StatusForbidden, "The request is not accepted.\n"
	challenge := `Bearer error="invalid_request", error_description="the request is not accepted"`
	switch o.result {
	case allowed, open:
		id.write(h)
		return // 200, without a body
	case noToken, badToken:
		status, text, challenge = http.StatusUnauthorized, "A good bearer token is required.\n", o.refusal.Challenge()
	case forbidden, noRule: // the same answer, so that callers do not learn which paths have rules
		text, challenge = "The caller may not do this.\n", notAdmitted
	case unavailable:
		status, text, challenge = http.StatusServiceUnavailable, "Tokens cannot be checked at the moment.\n", ""
		h.Set("Retry-After", retryAfter(o.refusal))
	}
	if challenge != "" {
		h.Set("WWW-Authenticate", challenge)
	}
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text)) // the proxy may be gone
}

// noStore is shared by all answers, which do not change it.
var noStore = []string{"no-store"}

// notAdmitted is the challenge of a 403, as package verify writes it.
var notAdmitted = new(verify.Error).Challenge()

// retryAfter returns the value of Retry-After for a 503.
func retryAfter(e *verify.Error) string {
	return strconv.Itoa(int(math.Ceil(e.RetryAfter.Seconds())))
}
