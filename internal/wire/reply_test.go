package wire_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seed-ac726066/aztoken/internal/wire"
	"github.com/stretchr/testify/require"
)

// now is the moment of the captured replies below, some seconds into 2024-03-07.
var now = time.Unix(1709809680, 0)

func jwt(payload string) string {
	enc := base64.RawURLEncoding.EncodeToString
	return enc([]byte(`{"typ":"JWT"}`)) + "." + enc([]byte(payload)) + "." + enc([]byte("signature"))
}

func TestExpiry(t *testing.T) {
	t.Parallel()
	const left = 86317 * time.Second
	for _, tc := range []struct {
		name, fields string
		want         time.Duration
	}{
		{"IMDS: strings", `"expires_in":"86317","expires_on":"1709895997","ext_expires_in":"86399","not_before":"1709809297"`, left},
		{"Unix seconds as a string", `"expires_on":"1709895997"`, left},
		{"Unix seconds as a number", `"expires_on":1709895997`, left},
		{"Unix seconds with an exponent", `"expires_on":1.709895997e9`, left},
		{"RFC 3339", `"expires_on":"2024-03-08T11:06:37Z"`, left},
		{"RFC 3339 with an offset", `"expires_on":"2024-03-08T13:06:37+02:00"`, left},
		{"App Service, US date", `"expires_on":"03/08/2024 11:06:37 +00:00"`, left},
		{"App Service, US date with AM", `"expires_on":"3/8/2024 11:06:37 AM +00:00"`, left},
		{"US date in the afternoon", `"expires_on":"3/8/2024 1:06:37 PM +00:00"`, left + 2*time.Hour},
		{"date and time with Z", `"expires_on":"2024-03-08 11:06:37Z"`, left},
		{"date and time with an offset", `"expires_on":"2024-03-08 11:06:37 +00:00"`, left},
		{"ISO 8601 without a zone", `"expires_on":"2024-03-08T11:06:37"`, left},
		{"ISO 8601 without a zone, with a fraction", `"expires_on":"2024-03-08T11:06:37.0000000"`, left},
		{"ISO 8601 with an offset without a colon", `"expires_on":"2024-03-08T13:06:37+0200"`, left},
		{"US date without a zone", `"expires_on":"03/08/2024 11:06:37"`, left},
		{"US date with AM without a zone", `"expires_on":"3/8/2024 11:06:37 AM"`, left},
		{"US date of one digit", `"expires_on":"3/8/2024 11:06:37 +00:00"`, left},
		{"an HTTP date", `"expires_on":"Fri, 08 Mar 2024 11:06:37 GMT"`, left},
		{"an empty token_type", `"expires_in":"86317","token_type":""`, left},
		{"date and time without a zone", `"expires_on":"2024-03-08 11:06:37"`, left},
		{"expires_in as a number", `"expires_in":3600`, time.Hour},
		{"expires_in as a fraction", `"expires_in":3599.5`, time.Hour - time.Second/2},
		{"expires_in as a fraction in a string", `"expires_in":"3599.5"`, time.Hour - time.Second/2},
		{"expires_in empty", `"expires_in":"","expires_on":"1709895997"`, left},
		{"expires_in null", `"expires_in":null,"expires_on":"1709895997"`, left},
		{"expires_on in words", `"expires_in":"3600","expires_on":"tomorrow"`, time.Hour},
		{"the earlier of both", `"expires_in":"86317","expires_on":"1709813280"`, time.Hour},
		{"the earlier of both, the other way round", `"expires_in":"3600","expires_on":"1709895997"`, time.Hour},
		{"expires_on of a wrong clock is past", `"expires_in":"3600","expires_on":"1609895997"`, time.Hour},
		{"expires_on of a wrong clock is as good as past", `"expires_in":"3600","expires_on":"1709809682"`, time.Hour},
		{"expires_on of a wrong clock leaves three seconds", `"expires_in":"3600","expires_on":"1709809683"`, 3 * time.Second},
		{"only the JWT's own exp", `"expires_on":"soon"`, 2 * time.Hour},
		{"nothing but the JWT", `"token_type":"Bearer"`, 2 * time.Hour},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			token := jwt(fmt.Sprintf(`{"exp":%d}`, now.Add(2*time.Hour).Unix()))
			got, err := wire.ParseReply(fmt.Appendf(nil, `{"access_token":%q,%s}`, token, tc.fields), now)
			require.NoError(t, err)
			require.Equal(t, token, got.Token)
			require.Equal(t, tc.want, got.ExpiresOn.Sub(now))
			require.Zero(t, got.RefreshOn)
		})
	}
}

func TestRefreshIn(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		field string
		want  time.Duration
	}{
		{`"43200"`, 12 * time.Hour}, {`43200`, 12 * time.Hour}, {`0.5`, time.Second / 2},
		{`"0"`, 0}, {`0`, 0}, {`-1`, 0}, {`""`, 0}, {`null`, 0}, {`"never"`, 0}, {`1e300`, 0}, {`"NaN"`, 0}, {`{}`, 0},
	} {
		got, err := wire.ParseReply([]byte(`{"access_token":"t","expires_in":86400,"refresh_in":`+tc.field+`}`), now)
		require.NoError(t, err, tc.field)
		if tc.want == 0 {
			require.Zero(t, got.RefreshOn, tc.field)
			continue
		}
		require.Equal(t, tc.want, got.RefreshOn.Sub(now), tc.field)
	}
}

func TestParseReplyMistakes(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"nothing":                   ``,
		"null":                      `null`,
		"a list":                    `[]`,
		"an empty object":           `{}`,
		"a string":                  `"token"`,
		"HTML":                      `<html><body>Sign in</body></html>`,
		"two values":                `{"access_token":"secret","expires_in":"3600"}{"access_token":"secret","expires_in":"3600"}`,
		"cut short":                 `{"access_token":"secret","expires_in":"36`,
		"no token":                  `{"expires_in":"3600","token_type":"Bearer"}`,
		"an empty token":            `{"access_token":"","expires_in":"3600"}`,
		"a null token":              `{"access_token":null,"expires_in":"3600"}`,
		"a number for a token":      `{"access_token":42,"expires_in":"3600"}`,
		"an object for a token":     `{"access_token":{},"expires_in":"3600"}`,
		"another case":              `{"Access_Token":"secret","expires_in":"3600"}`,
		"a space in the token":      `{"access_token":"sec ret","expires_in":"3600"}`,
		"a newline in the token":    `{"access_token":"secret\nX-Injected: 1","expires_in":"3600"}`,
		"a token outside ASCII":     `{"access_token":"sécret","expires_in":"3600"}`,
		"a control character":       `{"access_token":"secret\u0000","expires_in":"3600"}`,
		"a PoP token":               `{"access_token":"secret","expires_in":"3600","token_type":"pop"}`,
		"a token_type of null":      `{"access_token":"secret","expires_in":"3600","token_type":null}`,
		"no expiry":                 `{"access_token":"secret","token_type":"Bearer"}`,
		"expired by expires_in":     `{"access_token":"secret","expires_in":"0","expires_on":"1709895997"}`,
		"negative life":             `{"access_token":"secret","expires_in":"-5"}`,
		"expired by expires_on":     `{"access_token":"secret","expires_on":"1709809679"}`,
		"two seconds left":          `{"access_token":"secret","expires_in":"2"}`,
		"endless life":              `{"access_token":"secret","expires_in":1e300}`,
		"milliseconds of life":      `{"access_token":"secret","expires_in":86400000}`,
		"milliseconds for seconds":  `{"access_token":"secret","expires_on":"1709895997000"}`,
		"not a number":              `{"access_token":"secret","expires_in":"NaN"}`,
		"the year 9999":             `{"access_token":"secret","expires_on":"9999-12-31T23:59:59Z"}`,
		"expired by the JWT's exp":  `{"access_token":"` + jwt(`{"exp":1709809000}`) + `"}`,
		"a JWT that does not parse": `{"access_token":"a.b.c"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := wire.ParseReply([]byte(body), now)
			require.Error(t, err)
			require.NotContains(t, err.Error(), "secret")
		})
	}
}

func FuzzParseReply(f *testing.F) {
	f.Add(`{"access_token":"t","expires_in":"86317","expires_on":"1709895997","refresh_in":null,"token_type":"Bearer"}`)
	f.Add(`{"access_token":"a.eyJleHAiOjF9.c"}`)
	f.Add(`{"access_token":"t","expires_on":"06/20/2021 02:57:58 +00:00"}`)
	f.Add(`{"access_token":"t","expires_in":3600,"refresh_in":1e-12}`)
	f.Add(`{"access_token":"t","Access_Token":"u","expires_in":"3"}`)
	f.Add(`{"access_token":"t","expires_in":"2"}`)
	f.Add(`{"access_token":"sécret","expires_in":"3600"}`)
	f.Add(`{"access_token":"a b","expires_in":"3600"}`)
	f.Add(`{"access_token":"a\u0000","expires_in":"3600"}`)
	f.Add(`null`)
	f.Fuzz(func(t *testing.T, body string) {
		got, err := wire.ParseReply([]byte(body), now)
		var members map[string]any // exact names, because a map does not fold case
		_ = json.Unmarshal([]byte(body), &members)
		token, _ := members["access_token"].(string)
		if err != nil {
			require.Less(t, len(err.Error()), 100)
			if len(token) > 20 {
				require.NotContains(t, err.Error(), token)
			}
			return
		}
		require.Equal(t, token, got.Token)
		require.Regexp(t, "^[!-~]+$", got.Token)
		if kind, ok := members["token_type"]; ok {
			require.Equal(t, "bearer", strings.ToLower(kind.(string)))
		}
		left := got.ExpiresOn.Sub(now)
		require.Greater(t, left, 2*time.Second, "never one that is past")
		require.LessOrEqual(t, left, wire.MaxLife)
		require.True(t, got.RefreshOn.IsZero() || !got.RefreshOn.Before(now))

		again, err := wire.ParseReply(fmt.Appendf(nil, `{"access_token":%q,"expires_in":"%.9f","token_type":"Bearer"}`, got.Token, left.Seconds()), now)
		require.NoError(t, err, "what was read is read again when it is written plainly")
		require.Equal(t, got.Token, again.Token)
		require.WithinDuration(t, got.ExpiresOn, again.ExpiresOn, time.Millisecond)
	})
}
