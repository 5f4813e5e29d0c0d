package main

import (
	"encoding/base64"
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// FuzzInspect holds what a token can put on a terminal: nothing but lines of printable ASCII, and
// not itself.
func FuzzInspect(f *testing.F) {
	part := base64.RawURLEncoding.EncodeToString
	for _, s := range []struct{ header, payload string }{
		{`{"alg":"RS256","kid":"k"}`, `{"aud":"a","roles":["r","s"],"exp":1709895997,"ver":"1.0","idtyp":"app"}`},
		{`{"alg":"none","nonce":1}`, `{"aud":["a"],"roles":"r","exp":1e300,"scp":"a b"}`},
		{`{"alg":"\u001b[31m"}`, `{"tid":"\n\u202e","roles":["\u0000"],"exp":-1,"nbf":253402300799}`},
		{`null`, `null`}, {`[]`, `{}`}, {``, ``},
	} {
		token := part([]byte(s.header)) + "." + part([]byte(s.payload)) + ".c2lnbmF0dXJl"
		f.Add(token)
		f.Add("Authorization: bearer " + token + "\r\n")
	}
	f.Add("not a token")
	now := time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)
	lines := regexp.MustCompile(`^(?:[ -~✓✗]*\n)*$`)
	f.Fuzz(func(t *testing.T, input string) {
		token, err := readToken(strings.NewReader(input), nil)
		if err != nil {
			require.Empty(t, token)
			require.Less(t, len(err.Error()), 200)
			return
		}
		require.Contains(t, input, token)
		require.Equal(t, strings.TrimSpace(token), token)
		d, err := decode(token)
		if err != nil {
			require.ErrorIs(t, err, errNotJWT)
			return
		}
		report := newInspection(d, "2", now)
		text := report.text(false, now)
		require.Regexp(t, lines, text)
		signature := token[strings.LastIndex(token, ".")+1:]
		if len(signature) > 20 {
			require.NotContains(t, text, signature)
		}
		_, err = json.Marshal(report)
		require.NoError(t, err)
	})
}
