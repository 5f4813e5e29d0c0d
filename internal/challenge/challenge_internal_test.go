package challenge

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParse(t *testing.T) {
	t.Parallel()
	type p = map[string]string
	for value, want := range map[string][]challenge{
		``:       nil,
		`Bearer`: {{"Bearer", p{}}},
		`Bearer realm="x", error="invalid_token"`:                   {{"Bearer", p{"realm": "x", "error": "invalid_token"}}},
		`Bearer Realm=x,error=invalid_token`:                        {{"Bearer", p{"realm": "x", "error": "invalid_token"}}},
		`Bearer realm = "x"`:                                        {{"Bearer", p{"realm": "x"}}},
		`Bearer realm="a, b=\"c\""`:                                 {{"Bearer", p{"realm": `a, b="c"`}}},
		`Basic realm="x", Bearer error="invalid_token"`:             {{"Basic", p{"realm": "x"}}, {"Bearer", p{"error": "invalid_token"}}},
		`Negotiate, Bearer realm="x"`:                               {{"Negotiate", p{}}, {"Bearer", p{"realm": "x"}}},
		`Negotiate YWJj=, Bearer realm="x"`:                         {{"Negotiate", p{}}, {"Bearer", p{"realm": "x"}}},
		`Negotiate YWJj==`:                                          {{"Negotiate", p{}}},
		`, ,Bearer ,realm="x"`:                                      {{"Bearer", p{"realm": "x"}}},
		`Bearer realm="never closed`:                                {{"Bearer", p{}}},
		`Bearer realm="ends in \`:                                   {{"Bearer", p{}}},
		`="x"`:                                                      nil,
		`Bearer realm="x" "`:                                        {{"Bearer", p{"realm": "x"}}},
		"Bearer\trealm=\"x\"":                                       {{"Bearer", p{"realm": "x"}}},
		`Bearer authorization_uri=https://login/x?a=b, error="c"`:   {{"Bearer", p{"authorization_uri": "https://login/x?a=b", "error": "c"}}},
		`Bearer authorization_uri=https://login/x error=c`:          {{"Bearer", p{"authorization_uri": "https://login/x", "error": "c"}}},
		`Bearer authorization_uri=https://login/x`:                  {{"Bearer", p{"authorization_uri": "https://login/x"}}},
		`Bearer claims=e30=, error=c`:                               {{"Bearer", p{"claims": "e30=", "error": "c"}}},
		`Bearer claims=e30==`:                                       {{"Bearer", p{"claims": "e30=="}}},
		`Bearer realm=, error=c`:                                    {{"Bearer", p{"error": "c"}}},
		`Bearer error="c", realm=`:                                  {{"Bearer", p{"error": "c", "realm": ""}}},
		`Bearer realm=a;b, Basic realm=x`:                           {{"Bearer", p{"realm": "a;b"}}, {"Basic", p{"realm": "x"}}},
		`Bearer authorization_uri="https://login/x", client_id="y"`: {{"Bearer", p{"authorization_uri": "https://login/x", "client_id": "y"}}},
	} {
		require.Equal(t, want, parse(value), value)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{`Bearer realm="a, b=\"c\"", error=invalid_token`, `Negotiate YWJj==, Basic realm=x`, `Bearer claims="`, `,=,`, "\\\"", `a=b c=d`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		read := parse(value)
		size := 0
		for _, c := range read {
			require.True(t, isToken(c.scheme), c.scheme)
			size += len(c.scheme)
			for k, v := range c.parameters {
				require.True(t, isToken(k), k)
				require.Equal(t, strings.ToLower(k), k)
				size += len(k) + len(v)
			}
		}
		require.LessOrEqual(t, size, len(value), "nothing is made up")
		require.Equal(t, read, parse(written(read)), "what was read is read again when it is written as RFC 9110 has it")
	})
}

// isToken reports whether s is a token of RFC 9110, section 5.6.2.
func isToken(s string) bool {
	return regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$").MatchString(s)
}

// written is the WWW-Authenticate value of challenges, with every parameter in quotes.
func written(challenges []challenge) string {
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace
	var all []string
	for _, c := range challenges {
		var parameters []string
		for k, v := range c.parameters {
			parameters = append(parameters, k+`="`+escape(v)+`"`)
		}
		all = append(all, c.scheme+" "+strings.Join(parameters, ", "))
	}
	return strings.Join(all, ", ")
}
