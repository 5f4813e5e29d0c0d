package wire

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func FuzzRefusal(f *testing.F) {
	const jwt = "eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ.eyJhdWQiOiJhIn0.c2lnbmF0dXJl"
	for _, body := range []string{
		`{"error":"invalid_request","error_description":"Identity not found"}`,
		`{"error":"invalid_client","error_description":"AADSTS700213: …\r\nTrace ID: 1","error_codes":[700213]}`,
		`{"error":{"code":"BadRequest","message":"` + jwt + `"}}`, `{"statusCode":500,"message":"x ` + jwt + ` y"}`, `{"error_codes":[1,"2"]}`, `{"error":null,"Message":7}`,
		`<html>\u202e` + jwt + `</html>`, "", "null", "\x00\xff\u2028\x1b[31m", strings.Repeat("é", 1000), strings.Repeat("eyJ", 200),
	} {
		f.Add(http.StatusBadRequest, "120", []byte(body))
	}
	f.Add(http.StatusTooManyRequests, "Wed, 21 Oct 2026 07:28:00 GMT", []byte("slow down"))
	f.Add(http.StatusFound, "-1", []byte("moved"))
	f.Add(1<<40, "99999999999999999999", []byte(nil))
	now := time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)
	token := regexp.MustCompile(`eyJ\S{17,}`)
	f.Fuzz(func(t *testing.T, status int, after string, body []byte) {
		got := refusal(status, http.Header{"Retry-After": {after}}, body, now)
		require.GreaterOrEqual(t, got.RetryAfter, time.Duration(0))
		require.Equal(t, status, got.StatusCode)
		for _, text := range []string{got.Code, got.Description} {
			require.True(t, utf8.ValidString(text))
			require.LessOrEqual(t, len(text), maxText+len("…"))
			require.NotRegexp(t, `[\pC\s]`, strings.ReplaceAll(text, " ", ""), "one line that a terminal can show")
			require.NotRegexp(t, token, text)
			require.Equal(t, text, Plain(text), "there is nothing more to take out")
		}
		require.Less(t, len(got.Error()), 3*maxText)
	})
}
