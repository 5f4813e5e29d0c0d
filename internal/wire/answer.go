package wire

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
)

// Answer is what an endpoint said.
type Answer struct {
	StatusCode int
	Header     http.Header
	body       []byte
}

// Token reads the token from the answer. Its error is a [*Failure].
func (a Answer) Token() (azcore.AccessToken, error) {
	now := time.Now()
	if a.StatusCode != http.StatusOK {
		return azcore.AccessToken{}, refusal(a.StatusCode, a.Header, a.body, now)
	}
	token, err := ParseReply(a.body, now)
	if err != nil {
		return azcore.AccessToken{}, &Failure{StatusCode: a.StatusCode, JSON: !errors.Is(err, errNotObject), Err: err}
	}
	return token, nil
}

// Member is a member of the answer's JSON object, "" where it is no string or not there.
func (a Answer) Member(name string) string {
	var fields map[string]json.RawMessage
	_ = json.Unmarshal(a.body, &fields)
	return text(fields[name])
}
