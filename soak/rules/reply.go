package rules

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Reply is a token as an endpoint returns it.
type Reply struct {
	Value string
	End   time.Time     // the claim exp: the truth
	in    time.Duration // expires_in
	on    time.Time     // expires_on
}

// ReadReply reads the body of a reply. It reports whether that contains a token.
func ReadReply(body []byte) (r Reply, ok bool) {
	var members struct {
		Value string `json:"access_token"`
		In    string `json:"expires_in"`
		On    string `json:"expires_on"`
	}
	if json.Unmarshal(body, &members) != nil {
		return Reply{}, false
	}
	in, err := strconv.ParseInt(members.In, 10, 64)
	if err != nil {
		return Reply{}, false
	}
	on, err := strconv.ParseInt(members.On, 10, 64)
	if err != nil {
		return Reply{}, false
	}
	token, ok := ReadToken(members.Value)
	if !ok {
		return Reply{}, false
	}
	return Reply{members.Value, token.Expires, time.Duration(in) * time.Second, time.Unix(on, 0)}, true
}

// Believed returns the end of the token as a client must take it. expires_in is right on a machine
// whose clock is wrong; expires_on counts if it comes earlier, unless it is past already or about
// to be.
func (r Reply) Believed(now time.Time) time.Time {
	if end := now.Add(r.in); r.on.Before(now.Add(leastLife)) || end.Before(r.on) {
		return end
	}
	return r.on
}

// IsRetried reports whether a client tries again after a request without a token, as opposed to
// reporting the failure at once. status is that of the answer, 0 for none; err is how its body
// ended, nil after the last byte. A client that has never had an answer takes silence for a host
// without an endpoint.
func IsRetried(status int, err error, answeredBefore bool) bool {
	switch status {
	case 0:
		return answeredBefore
	case http.StatusOK:
		return err == io.ErrUnexpectedEOF
	case http.StatusNotFound, http.StatusRequestTimeout, http.StatusGone, http.StatusTooManyRequests:
		return true
	}
	return status >= 500
}
