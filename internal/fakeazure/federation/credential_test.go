package federation_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/fakeazure/federation"
)

const (
	home     = "https://login.microsoftonline.com/7e000000-0000-4000-8000-000000000001/v2.0"
	other    = "https://login.microsoftonline.com/7e000000-0000-4000-8000-000000000002/v2.0"
	github   = "https://token.actions.githubusercontent.com"
	branch   = "repo:shop/orders:ref:refs/heads/main"
	identity = "0b000000-0000-4000-8000-00000000000a"
	exchange = "api://AzureADTokenExchange"
	appID    = "a0000000-0000-4000-8000-000000000001"
)

func TestJudge(t *testing.T) {
	t.Parallel()
	ofIdentity := federation.Credential{Issuer: home, Subject: identity, Audience: exchange}
	ofGitHub := federation.Credential{Issuer: github, Subject: branch, Audience: exchange}
	both := []federation.Credential{ofIdentity, ofGitHub}
	managed := federation.Assertion{Issuer: home, Subject: identity, Audiences: []string{exchange}, ClientID: "c"}
	ci := federation.Assertion{Issuer: github, Subject: branch, Audiences: []string{exchange}}
	with := func(a federation.Assertion, edit func(*federation.Assertion)) federation.Assertion {
		edit(&a)
		return a
	}
	for name, c := range map[string]struct {
		credentials []federation.Credential
		assertion   federation.Assertion
		identity    bool
		number      int
		says        string
	}{
		"the identity": {both, managed, false, 0, ""},
		"CI":           {both, ci, false, 0, ""},
		"one of several subjects of an issuer": {
			[]federation.Credential{{github, "repo:shop/orders:environment:test", exchange}, ofGitHub}, ci, false, 0, "",
		},
		"the same subject for two audiences": {
			[]federation.Credential{{github, branch, "api://mine"}, ofGitHub}, ci, false, 0, "",
		},
		"an audience of one's own": {
			[]federation.Credential{{home, identity, "api://mine"}},
			with(managed, func(a *federation.Assertion) { a.Audiences = []string{"api://mine"} }), false, 0, "",
		},
		"another cloud, where the credential says so": {
			[]federation.Credential{{home, identity, exchange + "USGov"}},
			with(managed, func(a *federation.Assertion) { a.Audiences = []string{exchange + "USGov"} }), false, 0, "",
		},

		"no credential":               {nil, ci, false, 70021, "Assertion Issuer: '" + github + "'. Assertion Subject: '" + branch + "'."},
		"no credential, an identity":  {nil, managed, false, 70021, "Assertion Audience: '" + exchange + "'."},
		"another issuer":              {both, with(ci, func(a *federation.Assertion) { a.Issuer = "https://gitlab.com" }), false, 700211, "issuer 'https://gitlab.com'"},
		"an issuer with a slash":      {both, with(ci, func(a *federation.Assertion) { a.Issuer += "/" }), false, 700211, "issuer '" + github + "/'"},
		"an issuer in another case":   {both, with(ci, func(a *federation.Assertion) { a.Issuer = "https://Token.actions.githubusercontent.com" }), false, 700211, "issuer"},
		"another subject":             {both, with(ci, func(a *federation.Assertion) { a.Subject = "repo:shop/orders:environment:test" }), false, 700213, "environment:test'"},
		"a subject in another case":   {both, with(ci, func(a *federation.Assertion) { a.Subject = "repo:Shop/orders:ref:refs/heads/main" }), false, 7002138, "case-sensitive"},
		"another's subject":           {both, with(ci, func(a *federation.Assertion) { a.Subject = identity }), false, 700213, "subject"},
		"another audience":            {both, with(ci, func(a *federation.Assertion) { a.Audiences = []string{github} }), false, 700212, "audience '" + github + "'"},
		"an audience in another case": {both, with(ci, func(a *federation.Assertion) { a.Audiences = []string{"api://azureadtokenexchange"} }), false, 700212, "audience"},
		"two audiences":               {both, with(ci, func(a *federation.Assertion) { a.Audiences = []string{exchange, "api://x"} }), false, 700212, "api://x'"},
		"no audience":                 {both, with(ci, func(a *federation.Assertion) { a.Audiences = nil }), false, 700212, "audience ''"},

		"a token for a service": {
			both, with(managed, func(a *federation.Assertion) {
				a.Issuer, a.Audiences = "https://sts.windows.net/7e000000-0000-4000-8000-000000000001/", []string{"https://management.azure.com"}
			}), false, 7002121, "audience 'https://management.azure.com'",
		},
		"another cloud's audience": {
			both, with(managed, func(a *federation.Assertion) { a.Audiences = []string{exchange + "China"} }), false, 70022204, exchange + "China",
		},
		"the form of v1": {
			both, with(managed, func(a *federation.Assertion) {
				a.Issuer = "https://sts.windows.net/7e000000-0000-4000-8000-000000000001/"
			}), false, 700211, "issuer 'https://sts.windows.net/",
		},
		"another identity": {both, with(managed, func(a *federation.Assertion) { a.Subject = "0b000000-0000-4000-8000-00000000000b" }), false, 700213, "subject"},
		"an object id in upper case": {
			both, with(managed, func(a *federation.Assertion) { a.Subject = "0B000000-0000-4000-8000-00000000000A" }), false, 7002138, "case-sensitive",
		},
		"an application": {both, with(managed, func(a *federation.Assertion) { a.ClientID = appID }), false, 700226, "Only MSI tokens"},
		"a user":         {both, with(managed, func(a *federation.Assertion) { a.OfUser = true }), false, 700229, "Only app-only tokens"},
		"another tenant": {both, with(managed, func(a *federation.Assertion) { a.Issuer = other }), false, 700211, other},
		"another tenant, though the credential says so": {
			[]federation.Credential{{other, identity, exchange}}, with(managed, func(a *federation.Assertion) { a.Issuer = other }),
			false, 700236, "issued by issuer '" + other + "'",
		},
		"an identity for an identity": {both, managed, true, 700222, "AAD-issued tokens"},
		"CI for an identity":          {both, ci, true, 0, ""},
	} {
		trust := federation.Trust{Credentials: c.credentials, Home: home, Identity: c.identity}
		got := trust.Judge(c.assertion, func(id string) bool { return id == appID })
		require.Equal(t, c.number, got.Number, "%s: %s", name, got.Text)
		require.Contains(t, got.Text, c.says, name)
		require.Equal(t, c.number == 0, got.Text == "", name)
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	got, err := federation.Read([]byte(`{"iss":"i","sub":"s","aud":"a","nbf":100,"exp":200,"appid":"c","other":[1]}`))
	require.NoError(t, err)
	require.Equal(t, federation.Assertion{
		Issuer: "i", Subject: "s", Audiences: []string{"a"}, NotBefore: time.Unix(100, 0), ExpiresOn: time.Unix(200, 0), ClientID: "c",
	}, got)
	for at, valid := range map[int64]bool{99: false, 100: true, 199: true, 200: false} {
		require.Equal(t, valid, got.Valid(time.Unix(at, 0)), at)
	}
	got, err = federation.Read([]byte(`{"aud":["a","b"],"azp":"v2","scp":"read"}`))
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b"}, got.Audiences)
	require.Equal(t, "v2", got.ClientID)
	require.True(t, got.OfUser)
	require.False(t, got.Valid(time.Now()), "without an end it never is")
	for _, text := range []string{"", "[]", `{"iss":1}`, `{"aud":{}}`, `{"exp":"1"}`} {
		_, err := federation.Read([]byte(text))
		require.Error(t, err, text)
	}
}
