package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
)

// Answer is what an endpoint said.
type Answer struct {
	StatusCode int
	Header     http.Header
	body       []byte
	sent       []string // the secrets of the request
}

// newAnswer returns the answer to req.
func newAnswer(req *http.Request, resp *http.Response, body []byte) Answer {
	a := Answer{StatusCode: resp.StatusCode, Header: resp.Header, body: body}
	for _, name := range secretHeaders {
		value := req.Header.Get(name)
		value = value[strings.LastIndexByte(value, ' ')+1:] // without a scheme
		if len(value) >= minSecret {
			a.sent = append(a.sent, value)
		}
	}
	return a
}

// minSecret keeps tests whose secret is as short as "s" from losing that letter in all messages.
const minSecret = 6

// Token returns the token in the answer. Its error is a [*Failure].
func (a Answer) Token() (azcore.AccessToken, error) {
	now := time.Now()
	if a.StatusCode != http.StatusOK {
		return azcore.AccessToken{}, a.refused(now)
	}
	token, err := ParseReply(a.body, now)
	if err != nil {
		return azcore.AccessToken{}, a.useless(err)
	}
	return token, nil
}

// refused returns the failure of an answer other than 200, without the secrets that it quotes:
// Azure ML, for example, quotes the header that it refuses.
func (a Answer) refused(now time.Time) *Failure {
	body := a.body
	for _, s := range a.sent {
		body = bytes.ReplaceAll(body, []byte(s), []byte(redacted)) // before it is cut
	}
	f := refusal(a.StatusCode, a.Header, body, now)
	for _, s := range a.sent { // in JSON's escapes too: .NET writes + as \u002B
		f.Code, f.Description = strings.ReplaceAll(f.Code, s, redacted), strings.ReplaceAll(f.Description, s, redacted)
	}
	return f
}

// expiredAdvice is what to do about a token that had already expired when it came.
const expiredAdvice = "compare this machine's clock with the endpoint's (timedatectl set-ntp true, chronyc makestep, or w32tm /resync); if the clock is right the platform handed out an old token: call again, and if it stays so restart the host's identity agent"

// useless returns the failure of a 200 without a usable token.
func (a Answer) useless(err error) *Failure {
	f := &Failure{
		StatusCode: a.StatusCode, JSON: !errors.Is(err, errNotObject) || isCutObject(a.body), Server: Plain(a.Header.Get("Server")),
		RequestID: requestID(a.Header, nil, nil, ""), Err: err,
	}
	f.FromEndpoint = signedByIMDS(f.Server) || f.JSON && !errors.Is(err, errNoToken)
	if errors.Is(err, errExpired) || errors.Is(err, errNoLifeToUse) {
		f.Advice = expiredAdvice
	}
	return f
}

// isCutObject reports whether body begins like a JSON object: it was truncated, or has more after
// the object.
func isCutObject(body []byte) bool { return bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) }

// Member returns a member of the answer's JSON object, "" if it is absent or not a string.
func (a Answer) Member(name string) string {
	var fields map[string]json.RawMessage
	_ = json.Unmarshal(a.body, &fields)
	return text(fields[name])
}
