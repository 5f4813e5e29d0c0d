package verify

import (
	stdjson "encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/go-jose/go-jose/v4/json"
	"github.com/stretchr/testify/require"
)

const (
	fuzzTenant   = "7e000000-0000-4000-8000-000000000001"
	fuzzAudience = "api://orders"
)

// noon is the time of these tests, in Unix seconds.
var noon = time.Unix(1_800_000_000, 0)

// FuzzReadClaims holds the claims against go-jose's decoder, and what the rules accept against what
// the payload says.
func FuzzReadClaims(f *testing.F) {
	good := `{"aud":"api://orders","iss":"https://sts.windows.net/` + fuzzTenant + `/","tid":"` + fuzzTenant + `","ver":"1.0","appid":"x","oid":"y","sub":"y","roles":["reader"],"nbf":1799999700,"exp":1800086400}`
	for _, payload := range []string{
		good, strings.Replace(good, `"1.0"`, `"2.0"`, 1), strings.Replace(good, "api://orders", "api://orders/", 1), strings.Replace(good, `["reader"]`, `[""]`, 1),
		strings.Replace(good, `["reader"]`, `"reader"`, 1), strings.Replace(good, "1800086400", "1800086400.5", 1), strings.Replace(good, "1800086400", "1e300", 1),
		strings.Replace(good, "1800086400", "18e8", 1), strings.Replace(good, `"roles"`, `"scp"`, 1), strings.Replace(good, `"aud"`, `"AUD"`, 1),
		strings.Replace(good, "1800086400", "1799999939", 1), strings.Replace(good, "1799999700", "1800000061", 1), strings.Replace(good, "api://orders", "api://orders//", 1),
		strings.ReplaceAll(good, fuzzTenant, fuzzTenant[:35]+"2"), strings.Replace(good, `"roles"`, `"wids"`, 1), strings.Replace(good, "sts.windows.net", "sts.example", 1),
		good[:len(good)-1] + `,"scp":" a b ","idtyp":"app","azp":"x","appid":"y","uti":"\ud800"}`, `{}`, `null`, `{"exp":1,"nbf":1,"EXP":2}`,
		good[:len(good)-1] + `,"cnf":null}`, good[:len(good)-1] + `,"c_hash":"x"}`, strings.Replace(good, "reader", "\xff", 1),
	} {
		f.Add([]byte(payload))
	}
	public, _ := Public.hosts()
	r := rules{issuers: ofCloud(public), audiences: []string{fuzzAudience}, tenants: []string{fuzzTenant}, skew: time.Minute}
	f.Fuzz(func(t *testing.T, payload []byte) {
		c, err := readClaims(string(payload))
		if err != nil {
			require.Nil(t, c)
			require.Less(t, len(err.Error()), 200, "it quotes nothing")
			return
		}
		var says map[string]any
		require.NoError(t, json.Unmarshal(payload, &says))
		require.True(t, utf8.Valid(payload))
		for name, value := range map[string]string{"aud": c.Audience, "iss": c.Issuer, "tid": c.TenantID, "oid": c.ObjectID, "sub": c.Subject, "ver": c.Version, "uti": c.TokenID} {
			want, _ := says[name].(string)
			require.Equal(t, want, value, name)
		}
		for name, at := range map[string]time.Time{"exp": c.ExpiresOn, "nbf": c.NotBefore} {
			want, ok := says[name].(float64)
			require.True(t, ok, name)
			require.Equal(t, int64(want), at.Unix(), name)
		}
		require.NotContains(t, c.Roles, "")
		for _, role := range c.Roles {
			require.Contains(t, says["roles"], role)
		}
		var decoded map[string]any
		require.NoError(t, c.Decode(&decoded))
		require.Equal(t, says, decoded)
		_, err = stdjson.Marshal(c)
		require.NoError(t, err)

		if refused := r.check(c, &signingKey{origins: []keyOrigin{{}}}, noon); refused != nil {
			require.Less(t, len(refused.Error()), 2000)
			return
		}
		require.Contains(t, []any{fuzzAudience, fuzzAudience + "/"}, says["aud"])
		require.Equal(t, fuzzTenant, says["tid"])
		require.Contains(t, []any{"https://sts.windows.net/" + fuzzTenant + "/", "https://login.microsoftonline.com/" + fuzzTenant + "/v2.0"}, says["iss"])
		require.Greater(t, says["exp"], float64(noon.Add(-r.skew).Unix()))
		require.LessOrEqual(t, says["nbf"], float64(noon.Add(r.skew).Unix()))
		require.True(t, len(c.Roles)+len(c.Scopes) > 0)
	})
}

func FuzzDiscovery(f *testing.F) {
	const issuer = `"issuer":"https://login.microsoftonline.com/` + fuzzTenant + `/v2.0"`
	for _, document := range []string{
		`{` + issuer + `,"jwks_uri":"https://login.microsoftonline.com/common/discovery/v2.0/keys"}`,
		`{` + issuer + `,"jwks_uri":"https://LOGIN.microsoftonline.com:443/keys?x=1#y"}`,
		`{` + issuer + `,"jwks_uri":"https://user@login.microsoftonline.com/keys"}`, `{` + issuer + `,"jwks_uri":"//login.microsoftonline.com/keys"}`,
		`{` + issuer + `,"jwks_uri":"https://login.microsoftonline.com.evil.example/keys"}`, `{` + issuer + `,"jwks_uri":"https:login.microsoftonline.com/keys"}`,
		`{` + issuer + `,"jwks_uri":"https://login.microsoftonline.com\\@evil.example/"}`, `{` + issuer + `,"jwks_uri":"HTTPS://login.microsoftonline.com"}`,
		`{` + issuer + `,"jwks_uri":"https://login.microsoftonline.com:/keys"}`, `{"issuer":"x","jwks_uri":"https://login.microsoftonline.com/"}`, `{}`, `null`, `[]`,
	} {
		f.Add([]byte(document))
	}
	public, _ := Public.hosts()
	s := newSource(&http.Client{}, &url.URL{Scheme: "https", Host: public.login}, ofCloud(public), fuzzTenant, "")
	f.Fuzz(func(t *testing.T, document []byte) {
		keys, err := s.keys(document)
		if err != nil {
			require.Nil(t, keys)
			require.Less(t, len(err.Error()), 100)
			return
		}
		req, err := http.NewRequest(http.MethodGet, keys.String(), nil)
		require.NoError(t, err, "it can be asked for")
		require.Equal(t, "https", req.URL.Scheme)
		require.Nil(t, req.URL.User)
		require.Regexp(t, `^(?i:login\.microsoftonline\.com)(:443)?$`, req.URL.Host)
		var says map[string]any
		require.NoError(t, json.Unmarshal(document, &says))
		require.Contains(t, []any{"https://login.microsoftonline.com/" + fuzzTenant + "/v2.0", "https://sts.windows.net/" + fuzzTenant + "/"}, says["issuer"])
	})
}

func FuzzKeyFile(f *testing.F) {
	key := `{"kty":"RSA","kid":"a","n":"` + strings.Repeat("_", 342) + `","e":"AQAB"}`
	for _, content := range []string{
		`{"source":"s","fetched":"2027-01-15T07:00:00Z","jwks":{"keys":[` + key + `]}}`, `{"source":"s","fetched":"2027-01-15T09:00:00Z","jwks":{"keys":[` + key + `]}}`,
		`{"source":"s","fetched":"2027-01-13T07:00:00Z","jwks":{"keys":[` + key + `]}}`, `{"source":"t","fetched":"2027-01-15T07:00:00Z","jwks":{"keys":[` + key + `]}}`,
		`{"source":"s","fetched":"2027-01-15T07:00:00+23:59","jwks":{"keys":[` + key + `,` + key + `]}}`, `{"source":"s","jwks":null}`, `{}`, `null`, ``,
	} {
		f.Add([]byte(content))
	}
	dir := f.TempDir()
	file := keyFile{path: filepath.Join(dir, "keys.json")}
	f.Fuzz(func(t *testing.T, content []byte) {
		require.NoError(t, os.WriteFile(file.path, content, 0o600))
		documents, err := file.load(noon)
		if err != nil {
			require.Nil(t, documents)
			require.Less(t, len(err.Error()), 300)
			return
		}
		require.NotEmpty(t, documents)
		for source, d := range documents {
			require.NotEmpty(t, d.keys)
			require.False(t, d.fetched.After(noon), "keys of the future would serve for ever")
			require.NoError(t, file.save([]savedKeys{d.keys.saved(source, d.fetched)}))
			again, err := file.load(noon)
			require.NoError(t, err, "what was read is read again when it is saved")
			require.True(t, d.fetched.Equal(again[source].fetched))
			require.Len(t, again[source].keys, len(d.keys))
			for id, k := range d.keys {
				require.True(t, again[source].keys[id].key.sameAs(k.key), id)
			}
		}
	})
}

// FuzzBearer holds the reading of the Authorization header against the grammar of RFC 6750, section
// 2.1, as far as it goes: what the token is made of is the gate's.
func FuzzBearer(f *testing.F) {
	for _, value := range []string{"Bearer a.b.c", "bearer  a", "Bearer", "Bearer ", "Bearer a b", "Bearer a,b", "Basic a", " Bearer a", "Bearer\ta", ""} {
		f.Add(value)
	}
	grammar := regexp.MustCompile(`^(?i:Bearer) +([^ \t,]+)$`)
	f.Fuzz(func(t *testing.T, value string) {
		token, err := BearerToken(&http.Request{Header: http.Header{"Authorization": {value}}})
		want := grammar.FindStringSubmatch(value)
		require.Equal(t, want == nil, err != nil)
		if err != nil {
			require.Empty(t, token)
			var e *Error
			require.ErrorAs(t, err, &e)
			require.Contains(t, []int{http.StatusUnauthorized, http.StatusBadRequest}, e.StatusCode())
			return
		}
		require.Equal(t, want[1], token)
		_, err = BearerToken(&http.Request{Header: http.Header{"Authorization": {value, value}}})
		require.Error(t, err, "of two headers nobody can say which counts")
	})
}
