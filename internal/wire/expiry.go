package wire

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/seed-ac726066/aztoken/internal/jwt"
)

// MaxLife is longer than any access token lives (managed identities get 24 h, CAE tokens 28); a
// longer life is a mistake, such as milliseconds for seconds, and could overflow a counter of
// nanoseconds.
const MaxLife = 365 * 24 * time.Hour

// layouts are the forms of expires_on that hosts have been seen to send besides Unix seconds, and
// their siblings. Without a zone they are UTC.
var layouts = []string{
	time.RFC3339,
	"2006-01-02T15:04:05Z0700",
	"2006-01-02T15:04:05",
	"2006-01-02 15:04:05Z07:00",
	"2006-01-02 15:04:05 -07:00",
	"2006-01-02 15:04:05",
	"1/2/2006 15:04:05 -07:00",
	"1/2/2006 15:04:05",
	"1/2/2006 3:04:05 PM -07:00",
	"1/2/2006 3:04:05 PM",
	time.RFC1123,
}

// expiry returns when the token of a reply ends. The remaining life does not depend on this
// machine's clock, so it wins; an absolute time that comes sooner counts too (the token may have
// been in the platform's cache while expires_in was not updated), unless it is already past, or so
// near that the token would be of no use: then the clock is wrong.
func expiry(fields map[string]json.RawMessage, token string, now time.Time) (time.Time, error) {
	in, hasIn := seconds(fields["expires_in"])
	on, hasOn := absolute(fields["expires_on"])
	if !hasIn && !hasOn {
		claims, _ := jwt.Claims(token)
		on, hasOn = unix(claims["exp"])
	}
	switch {
	case hasIn && in <= 0:
		return time.Time{}, errExpired
	case hasIn && hasOn && on.Sub(now) >= minLife && on.Before(now.Add(in)):
		return on, nil
	case hasIn:
		return now.Add(in), nil
	case hasOn && on.Sub(now) > MaxLife, !hasOn:
		return time.Time{}, errNoExpiry
	}
	return on, nil
}

// seconds reads a duration sent as a number or a string of seconds, fractions included.
func seconds(raw json.RawMessage) (time.Duration, bool) {
	s, err := strconv.ParseFloat(text(raw), 64)
	if err != nil || s > MaxLife.Seconds() || s < -MaxLife.Seconds() || s != s {
		return 0, false
	}
	return time.Duration(s * float64(time.Second)), true
}

func absolute(raw json.RawMessage) (time.Time, bool) {
	if at, ok := unix(raw); ok {
		return at, true
	}
	for _, layout := range layouts {
		if at, err := time.Parse(layout, text(raw)); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}

// unix reads Unix seconds sent as a number or a string.
func unix(raw json.RawMessage) (time.Time, bool) {
	const maxUnix = 1 << 40 // the year 36812: milliseconds taken for seconds are beyond it
	s, err := strconv.ParseFloat(text(raw), 64)
	if err != nil || s <= 0 || s > maxUnix || s != s {
		return time.Time{}, false
	}
	return time.Unix(int64(s), 0), true
}

// text returns a JSON string's content, or the literal of any other value; "" for null and for
// nothing at all.
func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return strings.TrimSpace(s)
	}
	return string(raw)
}
