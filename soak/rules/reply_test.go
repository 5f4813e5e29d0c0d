package rules_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/soak/rules"
)

// jwt returns a token with a header and claims, and no signature to speak of.
func jwt(header, claims string) string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(header)) + "." + encode([]byte(claims)) + ".c2ln"
}

func TestReplyBelieved(t *testing.T) {
	t.Parallel()
	token := jwt(`{"kid":"k"}`, fmt.Sprintf(`{"exp":%d}`, after(day).Unix()))
	for name, tc := range map[string]struct{ in, on, want time.Duration }{
		"both agree":                        {time.Hour, time.Hour, time.Hour},
		"the endpoint is ahead":             {time.Hour, 3 * time.Hour, time.Hour},
		"the endpoint is behind":            {time.Hour, 10 * time.Minute, 10 * time.Minute},
		"so much that the end is past":      {time.Hour, -time.Minute, time.Hour},
		"or about to be":                    {time.Hour, 2 * time.Second, time.Hour},
		"but not if it is three seconds on": {time.Hour, 3 * time.Second, 3 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, ok := rules.ReadReply(fmt.Appendf(nil, `{"access_token":%q,"expires_in":"%d","expires_on":"%d"}`,
				token, tc.in/time.Second, after(tc.on).Unix()))
			require.True(t, ok)
			require.Equal(t, token, r.Value)
			require.True(t, r.End.Equal(after(day)))
			require.True(t, r.Believed(noon).Equal(after(tc.want)), r.Believed(noon))
		})
	}
}

func TestReadReply(t *testing.T) {
	t.Parallel()
	token := jwt(`{"kid":"k"}`, `{"exp":1}`)
	for _, body := range []string{
		``, `not JSON`, `{}`,
		`{"access_token":"` + token + `","expires_in":"x","expires_on":"1"}`,
		`{"access_token":"` + token + `","expires_in":"1","expires_on":"x"}`,
		`{"access_token":"opaque","expires_in":"1","expires_on":"1"}`,
	} {
		_, ok := rules.ReadReply([]byte(body))
		require.False(t, ok, body)
	}
}

func TestIsRetried(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		status   int
		err      error
		answered bool
		want     bool
	}{
		"silence":                       {0, io.EOF, true, true},
		"silence from the start":        {0, io.EOF, false, false},
		"a body that is cut":            {200, io.ErrUnexpectedEOF, true, true},
		"a body that is not a token":    {200, nil, true, false},
		"a body that was not read":      {200, errors.New("not read"), true, false},
		"a bad request":                 {400, nil, true, false},
		"an identity that is not there": {404, nil, true, true},
		"an upgrade of the endpoint":    {410, nil, true, true},
		"throttling":                    {429, nil, true, true},
		"an outage":                     {503, nil, true, true},
	} {
		require.Equal(t, tc.want, rules.IsRetried(tc.status, tc.err, tc.answered), name)
	}
}
