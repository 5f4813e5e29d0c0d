package main

import (
	"encoding/base64"
	"errors"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/seed-ac726066/aztoken/imdstest"
)

// endpointFault is what the identity endpoint suffers in a step of that layer. quote is a token for an error to quote.
func endpointFault(s step, quote func() string) imdstest.Fault {
	switch s.kind {
	case "200 not JSON":
		return imdstest.NotJSON()
	case "200 truncated":
		return imdstest.Truncated()
	case "200 huge":
		return imdstest.Huge(8 << 20)
	case "302":
		return imdstest.Redirect("http://127.0.0.1:1/elsewhere")
	case "400 that quotes a token":
		return imdstest.Error(http.StatusBadRequest, "invalid_request", "cannot renew "+quote())
	case "429 with Retry-After":
		return imdstest.Status(http.StatusTooManyRequests).WithRetryAfter(s.size)
	case "503 with Retry-After":
		return imdstest.Status(http.StatusServiceUnavailable).WithRetryAfter(s.size)
	case "slow":
		return imdstest.Slow(s.size)
	case "slow body":
		return imdstest.SlowBody(s.size)
	case "Entra down":
		return imdstest.EntraDown()
	case "Entra down with Retry-After":
		return imdstest.EntraDown().WithRetryAfter(s.size)
	}
	return anyFault(s.kind)
}

// keysFault is what requests for Entra's documents suffer in a step of that layer.
func keysFault(s step) imdstest.Fault {
	switch s.kind {
	case "200 not JSON":
		return imdstest.NotJSON()
	case "200 no keys":
		return imdstest.Body(http.StatusOK, "application/json", `{"keys":[]}`).KeysOnly()
	case "200 truncated":
		return imdstest.Truncated()
	case "200 huge":
		return imdstest.Huge(8 << 20)
	case "302":
		return imdstest.Redirect("http://127.0.0.1:1/elsewhere")
	case "429 with Retry-After":
		return imdstest.Status(http.StatusTooManyRequests).WithRetryAfter(s.size)
	case "slow":
		return imdstest.Slow(s.size)
	case "slow body":
		return imdstest.SlowBody(s.size)
	case "503 for keys only":
		return imdstest.Status(http.StatusServiceUnavailable).KeysOnly()
	case "hang for discovery only":
		return imdstest.Hang().DiscoveryOnly()
	}
	return anyFault(s.kind)
}

// anyFault reads what needs no argument: a status, or a way not to answer.
func anyFault(kind string) imdstest.Fault {
	switch kind {
	case "hang":
		return imdstest.Hang()
	case "refused":
		return imdstest.Refused()
	case "dropped":
		return imdstest.Dropped()
	case "closed":
		return imdstest.Closed()
	}
	var status int
	for _, digit := range kind {
		status = 10*status + int(digit-'0')
	}
	return imdstest.Status(status) // panics on what is no status
}

var errReset = &net.OpError{Op: "read", Net: "tcp", Err: errors.Join(syscall.ECONNRESET)}

// connect plays a connection in the state of a step, nil for a good one: it may wait, and an error ends the request. lost says
// that the request arrives and only its answer does not.
func connect(r *http.Request, s *step, nth int64) (lost bool, err error) {
	if s == nil {
		return false, nil
	}
	switch s.kind {
	case "latency":
		select {
		case <-time.After(s.size):
		case <-r.Context().Done():
			return false, r.Context().Err()
		}
	case "half-open":
		<-r.Context().Done()
		return false, r.Context().Err()
	case "reset":
		if nth%2 == 0 {
			return true, nil
		}
		return false, errReset
	}
	return false, nil
}

// refusal is what the service itself answers in a step of its layer, nil where it is in order.
func refusal(r *http.Request, s *step) *http.Response {
	if s == nil {
		return nil
	}
	answer := func(status int, challenge string) *http.Response {
		header := http.Header{}
		if challenge != "" {
			header.Set("WWW-Authenticate", challenge)
		}
		return &http.Response{
			Status: http.StatusText(status), StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			Header: header, Body: http.NoBody, Request: r,
		}
	}
	switch s.kind {
	case "503":
		return answer(http.StatusServiceUnavailable, "")
	case "401":
		return answer(http.StatusUnauthorized, `Bearer error="invalid_token"`)
	case "401 with claims":
		return answer(http.StatusUnauthorized, `Bearer error="insufficient_claims", claims="`+base64.StdEncoding.EncodeToString([]byte(claims))+`"`)
	case "401 for another scheme":
		return answer(http.StatusUnauthorized, "Negotiate")
	}
	return nil
}

const claims = `{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}`

// oddKeys are what a key document may have besides keys that sign: nothing that may disturb a verifier.
func oddKeys() []map[string]any {
	short := base64.RawURLEncoding.EncodeToString(make([]byte, 128))
	return []map[string]any{
		{"kty": "EC", "kid": "elliptic", "crv": "P-256", "x": "AA", "y": "AA"},
		{"kty": "RSA", "kid": "short", "n": short, "e": "AQAB"},
		{"kty": "RSA", "kid": "for-encryption", "use": "enc", "n": short, "e": "AQAB"},
		{"kty": "RSA", "n": short, "e": "AQAB"},
		{"kty": 7, "kid": []string{"odd"}},
	}
}
