package verify_test

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/verify"
)

// row is a token and what becomes of it.
type row struct {
	name    string
	token   change // what makes it differ from a good one; nil: nothing
	options edit
	keys    []any  // what is published in place of the first key
	want    error  // nil: it is accepted
	says    string // what the text of the error must contain
	// searches says that the key is not known, and looked for.
	searches bool
	// documents is how many are fetched first; 0 is one.
	documents int
}

var null = json.RawMessage("null")

func TestATokenIsAcceptedOrRefusedForWhatItClaims(t *testing.T) {
	t.Parallel()
	rows := [][]row{
		goodRows, issuerRows(), tenantRows, keyIssuerRows(), nameRows, audienceRows(), timeRows(), roleRows, callerRows, notAccessTokenRows, payloadRows,
	}
	for _, some := range rows {
		for _, r := range some {
			t.Run(r.name, func(t *testing.T) { virtually(t, r.check) })
		}
	}
}

// check has the keys fetched first and wants nothing to be asked of anybody after that.
func (r row) check(t *testing.T) {
	keys := r.keys
	if keys == nil {
		keys = []any{first().jwk()}
	}
	entra := issue(keys...)
	options := r.options
	if options == nil {
		options = func(*verify.Options) {}
	}
	events := &journal{}
	v := warm(t, entra, options, events.listen)
	change := r.token
	if change == nil {
		change = func(*jwt) {}
	}
	token := mint(change)
	if r.want == nil {
		accept(t, v, token)
	} else {
		requireTelling(t, reject(t, v, token, r.want), r.says, token)
		rejected := events.of(verify.EventRejected)
		require.Len(t, rejected, 1)
		require.ErrorIs(t, rejected[0].Err, r.want)
	}
	requests := 2 * max(1, r.documents)
	if r.searches {
		requests += 2
	}
	require.Len(t, entra.asks(""), requests, "requests")
}

// requireTelling wants the text of an error to say what was found and to keep the token to itself.
func requireTelling(t *testing.T, err error, says, token string) {
	t.Helper()
	var e *verify.Error
	require.ErrorAs(t, err, &e)
	require.True(t, strings.HasPrefix(err.Error(), "verify: "), err)
	require.Contains(t, err.Error(), says)
	require.NotEmpty(t, says)
	for p := range strings.SplitSeq(token, ".") {
		require.False(t, len(p) > 16 && strings.Contains(err.Error(), p), "the text has a part of the token: %v", err)
	}
	for e := err; e != nil; e = errors.Unwrap(e) {
		require.NotContains(t, e.Error(), "eyJ")
	}
}

var goodRows = []row{
	{name: "version 1"},
	{name: "version 2", token: version2},
	{name: "a life of 86 700 s", token: all(begins(0), expires(86_700*time.Second))},
	{name: "typ at+jwt", token: head("typ", "at+jwt")},
	{name: "sub is not oid", token: claim("sub", "another")},
	{name: "claims that nobody knows", token: all(claim("xms_mirid", nil), claim("x", map[string]any{"tid": 5}))},
	{name: "a group overage", token: extraClaim(`"_claim_names":{"groups":"src1"},"_claim_sources":{"src1":{"endpoint":"https://attacker.example/groups"}}`)},
	{name: "scopes of a user", token: all(claim("idtyp", nil), claim("roles", nil), claim("scp", "orders.read orders.write"))},
	{name: "US Government, version 1", options: in(verify.USGovernment), keys: []any{first().jwk(map[string]any{"issuer": nil})}},
	{name: "US Government, version 2", options: in(verify.USGovernment), keys: []any{first().jwk(map[string]any{"issuer": nil})},
		token: all(version2, claim("iss", "https://login.microsoftonline.us/"+tenant+"/v2.0"))},
	{name: "China, version 1", options: in(verify.China), keys: []any{first().jwk(map[string]any{"issuer": nil})},
		token: claim("iss", "https://sts.chinacloudapi.cn/"+tenant+"/")},
	{name: "China, version 2", options: in(verify.China), keys: []any{first().jwk(map[string]any{"issuer": nil})},
		token: all(version2, claim("iss", "https://login.partner.microsoftonline.cn/"+tenant+"/v2.0"))},
}

func in(c verify.Cloud) edit { return func(o *verify.Options) { o.Cloud = c } }

// issuerRows are tokens whose iss is not exactly that of their tenant, version and cloud.
func issuerRows() (rows []row) {
	for _, iss := range []string{
		"", "common", "https://sts.windows.net/", "https://sts.windows.net//", "https://sts.windows.net/common/", "https://sts.windows.net/{tenantid}/",
		"https://sts.windows.net/" + tenant, issuerV1 + "/", "https://sts.windows.net//" + tenant + "/", "https://sts.windows.net/x/../" + tenant + "/",
		"HTTPS://sts.windows.net/" + tenant + "/", "https://STS.windows.net/" + tenant + "/", "https://sts.windows.net/" + strings.ToUpper(tenant) + "/",
		"https://sts.windows.net:443/" + tenant + "/", "https://a@sts.windows.net/" + tenant + "/", "https://a:b@sts.windows.net/" + tenant + "/",
		"https://sts.windows.net/%2e/" + tenant + "/", "https://sts%2ewindows.net/" + tenant + "/", "https://sts.windows.net/%37" + tenant[1:] + "/",
		"http://sts.windows.net/" + tenant + "/", "https://sts.windows.net./" + tenant + "/", "https://sts.windows.net.attacker.example/" + tenant + "/",
		"https://attacker.example/" + tenant + "/", "https://attacker.example/https://sts.windows.net/" + tenant + "/",
		issuerV1 + "?", issuerV1 + "#", issuerV1 + " ", " " + issuerV1, issuerV1 + "\n", issuerV1 + "\x00", issuerV1 + "v2.0",
		"https://sts.windows.net/" + otherTenant + "/", "https://sts.chinacloudapi.cn/" + tenant + "/", issuerV2,
		"https://ſts.windows.net/" + tenant + "/",
	} {
		rows = append(rows, row{name: "iss of version 1 is " + iss, token: claim("iss", iss), want: verify.ErrIssuer, says: shown(iss)})
	}
	for _, iss := range []string{
		"", issuerV1, issuerV2 + "/", "https://login.microsoftonline.com/" + tenant, "https://login.microsoftonline.com/" + tenant + "/", template,
		"https://login.microsoftonline.com/common/v2.0", "https://login.microsoftonline.com//" + tenant + "/v2.0", "https://login.microsoftonline.com/" + tenant + "//v2.0",
		"https://login.microsoftonline.com/" + tenant + "/V2.0", "https://LOGIN.microsoftonline.com/" + tenant + "/v2.0",
		"https://login.microsoftonline.com/" + strings.ToUpper(tenant) + "/v2.0", "https://login.microsoftonline.com:443/" + tenant + "/v2.0",
		"https://a@login.microsoftonline.com/" + tenant + "/v2.0", "https://login.microsoftonline.com/" + tenant + "/v2%2e0",
		"http://login.microsoftonline.com/" + tenant + "/v2.0", "https://login.microsoftonline.com/" + otherTenant + "/v2.0",
		"https://login.microsoftonline.us/" + tenant + "/v2.0", "https://login.partner.microsoftonline.cn/" + tenant + "/v2.0",
		"https://login.windows.net/" + tenant + "/v2.0", "https://sts.windows.net/" + tenant + "/v2.0",
	} {
		rows = append(rows, row{name: "iss of version 2 is " + iss, token: all(version2, claim("iss", iss)), want: verify.ErrIssuer, says: shown(iss)})
	}
	for _, ver := range []string{"", "1", "2", "1.00", "3.0"} {
		rows = append(rows, row{name: "ver is " + ver, token: claim("ver", ver), want: verify.ErrIssuer, says: shown(issuerV1)})
	}
	return append(rows,
		row{name: "no ver", token: claim("ver", nil), want: verify.ErrIssuer, says: shown(issuerV1)},
		row{name: "no iss", token: claim("iss", nil), want: verify.ErrIssuer, says: `found ""`},
		row{name: "iss is an array", token: claim("iss", []string{issuerV1}), want: verify.ErrMalformed, says: "iss"},
		row{name: "iss is null", token: claim("iss", null), want: verify.ErrMalformed, says: "iss"},
		row{name: "of the public cloud in China", options: in(verify.China), keys: []any{first().jwk(map[string]any{"issuer": nil})}, want: verify.ErrIssuer, says: shown(issuerV1)},
		row{name: "of the public cloud in US Government, version 2", options: in(verify.USGovernment), keys: []any{first().jwk(map[string]any{"issuer": nil})},
			token: version2, want: verify.ErrIssuer, says: shown(issuerV2)},
	)
}

// shown is text from a token as an error shows it.
func shown(text string) string { return strconv.QuoteToASCII(text) }

func anyTenant(o *verify.Options) { o.Tenants, o.AnyTenant = nil, true }

func bothTenants(o *verify.Options) { o.Tenants = []string{tenant, strings.ToUpper(otherTenant)} }

var tenantRows = []row{
	{name: "no tid", token: claim("tid", nil), want: verify.ErrIssuer, says: `tid ""`},
	{name: "no tid, and iss without one", token: all(claim("tid", nil), claim("iss", "https://sts.windows.net//")), want: verify.ErrIssuer, says: `tid ""`},
	{name: "tid is empty", token: of(""), want: verify.ErrIssuer, says: `tid ""`},
	{name: "tid is common", token: of("common"), options: anyTenant, want: verify.ErrIssuer, says: `tid "common"`},
	{name: "tid is the template", token: of("{tenantid}"), options: anyTenant, want: verify.ErrIssuer, says: `tid "{tenantid}"`},
	{name: "tid is no GUID", token: of("contoso.onmicrosoft.com"), options: anyTenant, want: verify.ErrIssuer, says: "contoso"},
	{name: "tid in upper case", token: of(strings.ToUpper(otherTenant)), options: anyTenant, want: verify.ErrIssuer, says: strings.ToUpper(otherTenant)},
	{name: "tid in braces", token: of("{" + tenant + "}"), options: anyTenant, want: verify.ErrIssuer, says: "{7e"},
	{name: "tid without hyphens", token: of(strings.ReplaceAll(tenant, "-", "")), options: anyTenant, want: verify.ErrIssuer, says: "7e00"},
	{name: "tid with a path", token: of(tenant + "/x"), options: anyTenant, want: verify.ErrIssuer, says: "/x"},
	{name: "tid is a number", token: claim("tid", 7), want: verify.ErrMalformed, says: "tid"},
	{name: "tid of another tenant than iss", token: claim("tid", otherTenant), options: bothTenants, documents: 2, keys: []any{first().jwk(map[string]any{"issuer": template})}, want: verify.ErrIssuer, says: shown(issuerV1)},
	{name: "another tenant", token: of(otherTenant), keys: []any{first().jwk(map[string]any{"issuer": template})}, want: verify.ErrTenant, says: otherTenant},
	{name: "the first of two tenants", options: bothTenants, documents: 2, keys: []any{first().jwk(map[string]any{"issuer": template})}},
	{name: "the second of two tenants", token: of(otherTenant), options: bothTenants, documents: 2, keys: []any{first().jwk(map[string]any{"issuer": template})}},
	{name: "a third tenant", token: of(otherTenant[:35] + "3"), options: bothTenants, documents: 2, keys: []any{first().jwk(map[string]any{"issuer": template})}, want: verify.ErrTenant, says: otherTenant[:35] + "3"},
	{name: "any tenant", token: of(otherTenant), options: anyTenant, keys: []any{first().jwk(map[string]any{"issuer": template})}},
}

// keyIssuerRows are keys that are valid for one issuer only.
func keyIssuerRows() (rows []row) {
	for _, iss := range []any{nil, "", template, issuerV2, issuerV1, "https://sts.windows.net/{tenantid}/"} {
		key := []any{first().jwk(map[string]any{"issuer": iss})}
		rows = append(rows,
			row{name: "a key of " + label(iss) + ", version 1", keys: key},
			row{name: "a key of " + label(iss) + ", version 2", token: version2, keys: key})
	}
	for _, iss := range []string{
		"https://login.microsoftonline.com/" + otherTenant + "/v2.0", "https://sts.windows.net/" + otherTenant + "/",
		"https://login.microsoftonline.us/{tenantid}/v2.0", "https://login.partner.microsoftonline.cn/{tenantid}/v2.0",
		"https://login.microsoftonline.us/" + tenant + "/v2.0", "https://attacker.example/{tenantid}/v2.0", "https://login.microsoftonline.com/{tenantid}/v2.0/",
		"https://LOGIN.microsoftonline.com/{tenantid}/v2.0", "https://login.microsoftonline.com/common/v2.0", "{tenantid}",
	} {
		key := []any{first().jwk(map[string]any{"issuer": iss})}
		rows = append(rows,
			row{name: "a key of " + iss + ", version 1", keys: key, want: verify.ErrIssuer, says: "a key of " + shown(iss)},
			row{name: "a key of " + iss + ", version 2", token: version2, keys: key, want: verify.ErrIssuer, says: "a key of " + shown(iss)})
	}
	return append(rows,
		row{name: "a key of another tenant for any", options: anyTenant, token: of(otherTenant), want: verify.ErrIssuer, says: "a key of"},
		row{name: "a key of one of two tenants for the other", options: bothTenants, documents: 2, token: of(otherTenant), want: verify.ErrIssuer, says: "a key of"},
		row{name: "a key whose issuer is no text", keys: []any{first().jwk(map[string]any{"issuer": 5}), second().jwk()}, want: verify.ErrSignature, says: shown("first"), searches: true})
}

func label(value any) string {
	if value == nil {
		return "nobody"
	}
	return value.(string)
}

// nameRows are names that are there twice, or only look like those that count.
var nameRows = []row{
	{name: "tid twice", token: extraClaim(`"tid":"` + tenant + `"`), want: verify.ErrMalformed, says: "a member twice"},
	{name: "tid twice, once escaped", token: extraClaim(`"t\u0069d":"` + tenant + `"`), want: verify.ErrMalformed, says: "a member twice"},
	{name: "TID and tid", token: claim("TID", otherTenant), want: verify.ErrMalformed, says: "case"},
	{name: "roles twice", token: extraClaim(`"roles":["admin"]`), want: verify.ErrMalformed, says: "a member twice"},
	{name: "ROLES and roles", token: claim("ROLES", []string{"admin"}), want: verify.ErrMalformed, says: "case"},
	{name: "Exp and exp", token: claim("Exp", 1), want: verify.ErrMalformed, says: "case"},
	{name: "a claim of no interest twice", token: extraClaim(`"x":1,"x":1`), want: verify.ErrMalformed, says: "a member twice"},
	{name: "ROLES only", token: all(claim("roles", nil), claim("ROLES", []string{"admin"})), want: verify.ErrRole, says: "neither roles nor scopes"},
	{name: "roleſ only", token: all(claim("roles", nil), claim("roleſ", []string{"admin"})), want: verify.ErrRole, says: "neither roles nor scopes"},
	{name: "role only", token: all(claim("roles", nil), claim("role", []string{"admin"})), want: verify.ErrRole, says: "neither roles nor scopes"},
	{name: "roles in full-width letters only", token: all(claim("roles", nil), claim("ｒｏｌｅｓ", []string{"admin"})), want: verify.ErrRole, says: "neither roles nor scopes"},
	{name: "SCP only", token: all(claim("roles", nil), claim("SCP", "admin")), want: verify.ErrRole, says: "neither roles nor scopes"},
	{name: "ISS for iss", token: all(claim("iss", nil), claim("ISS", issuerV1)), want: verify.ErrIssuer, says: `found ""`},
	{name: "iſſ for iss", token: all(claim("iss", nil), claim("iſſ", issuerV1)), want: verify.ErrIssuer, says: `found ""`},
	{name: "AUD for aud", token: all(claim("aud", nil), claim("AUD", audience)), want: verify.ErrAudience, says: `found ""`},
	{name: "EXP for exp", token: all(claim("exp", nil), claim("EXP", 4e9)), want: verify.ErrMalformed, says: "exp"},
}

func audienceRows() (rows []row) {
	accepts := func(configured, aud string) {
		rows = append(rows, row{name: "aud " + aud + " for " + configured, token: claim("aud", aud), options: to(configured)})
	}
	refuses := func(configured, aud string) {
		rows = append(rows, row{name: "aud " + aud + " for " + configured, token: claim("aud", aud), options: to(configured), want: verify.ErrAudience, says: shown(aud)})
	}
	accepts(audience, audience)
	accepts(audience, audience+"/")
	accepts(audience+"/", audience)
	accepts(audience+"/", audience+"/")
	accepts(clientID, clientID)
	accepts("api://"+clientID, "api://"+clientID)
	for _, aud := range []string{
		"", "/", audience + "//", audience + "///", audience + "/orders", audience + "/.default", audience + "?", audience + " ", "HTTPS://orders.example.com", "https://Orders.example.com",
		"https://orders.example.co", "http://orders.example.com", "https://orders.example.com.attacker.example", "https://orders.example.com:443", "orders.example.com", "https://graph.microsoft.com",
	} {
		refuses(audience, aud)
	}
	for _, aud := range []string{audience + "//", audience + "/orders", "https://orders.example.co"} {
		refuses(audience+"/", aud)
	}
	refuses(clientID, strings.ToUpper(clientID))
	refuses(clientID, "api://"+clientID)
	accepts(strings.ToUpper(clientID), clientID)
	accepts(strings.ToUpper(clientID), strings.ToUpper(clientID))
	accepts("api://"+strings.ToUpper(clientID), "api://"+clientID)
	accepts("api://"+strings.ToUpper(clientID)+"/", "api://"+clientID)
	refuses("https://Orders.example.com", audience)
	return append(rows,
		row{name: "no aud", token: claim("aud", nil), want: verify.ErrAudience, says: `found ""`},
		row{name: "aud is an array", token: claim("aud", []string{audience}), want: verify.ErrMalformed, says: "aud"},
		row{name: "aud is null", token: claim("aud", null), want: verify.ErrMalformed, says: "aud"},
		row{name: "a client id in lower case is named once", token: claim("aud", "x"), options: to(clientID), want: verify.ErrAudience, says: `wanted "` + clientID + `"; `},
		row{name: "the second of two audiences", token: claim("aud", clientID), options: to(audience, clientID)})
}

func to(audiences ...string) edit { return func(o *verify.Options) { o.Audiences = audiences } }
