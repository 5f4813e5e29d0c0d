package issuer_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/fakeazure/issuer"
)

func newIssuer(t *testing.T, o issuer.Options) *issuer.Issuer {
	t.Helper()
	o.TenantID = "7e000000-0000-4000-8000-000000000001"
	if o.TokenLifetime == 0 {
		o.TokenLifetime = time.Hour
	}
	i, err := issuer.New(o)
	require.NoError(t, err)
	return i
}

func TestClaims(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_700_000_000, 0)
	subject := issuer.Subject{ClientID: "c", ObjectID: "o", Roles: []string{"reader"}}
	for name, c := range map[string]struct {
		options issuer.Options
		want    map[string]any // nil: there is no such claim
	}{
		"version 1": {
			issuer.Options{TokenVersion: 1},
			map[string]any{"ver": "1.0", "appid": "c", "azp": nil, "idtyp": nil, "iss": "https://sts.windows.net/7e000000-0000-4000-8000-000000000001/"},
		},
		"version 2": {
			issuer.Options{TokenVersion: 2},
			map[string]any{"ver": "2.0", "azp": "c", "appid": nil, "iss": "https://login.microsoftonline.com/7e000000-0000-4000-8000-000000000001/v2.0"},
		},
		"an optional claim": {
			issuer.Options{TokenVersion: 2, OptionalClaims: []string{"idtyp"}}, map[string]any{"idtyp": "app"},
		},
		"times": {
			issuer.Options{TokenVersion: 1, TokenLifetime: 2 * time.Hour},
			map[string]any{"iat": 1_699_999_700., "nbf": 1_699_999_700., "exp": 1_700_007_200.},
		},
		"roles": {issuer.Options{TokenVersion: 1}, map[string]any{"roles": []any{"reader"}, "sub": "o", "oid": "o"}},
	} {
		i := newIssuer(t, c.options)
		token := i.Issue(subject, "https://orders.example", now)
		claims, err := i.Claims(token.Value)
		require.NoError(t, err)
		for claim, want := range c.want {
			require.Equal(t, want, claims[claim], "%s: %s", name, claim)
		}
		require.Equal(t, claims["exp"], float64(token.ExpiresOn.Unix()))
		require.Equal(t, claims["nbf"], float64(token.NotBefore.Unix()))
	}
}

func TestAdmit(t *testing.T) {
	t.Parallel()
	const orders = "https://orders.example"
	i := newIssuer(t, issuer.Options{TokenVersion: 1})
	now := time.Unix(1_700_000_000, 0)
	token := i.Issue(issuer.Subject{}, orders, now).Value
	old := newIssuer(t, issuer.Options{TokenVersion: 1})
	old.RotateKey()
	stranger := old.Issue(issuer.Subject{}, orders, now).Value
	for name, c := range map[string]struct {
		token, audience string
		at              time.Time
		want            string
	}{
		"good":             {token, orders, now, ""},
		"for another":      {token, orders + "/", now, "another audience"},
		"at its end":       {token, orders, now.Add(time.Hour), "expired"},
		"before its start": {token, orders, now.Add(-5*time.Minute - time.Second), "not valid yet"},
		"of another":       {stranger, orders, now, "not signed by this issuer"},
		"not a token":      {"x", orders, now, "not signed by this issuer"},
	} {
		err := i.Admit(c.token, c.audience, c.at)
		if c.want == "" {
			require.NoError(t, err, name)
		} else {
			require.ErrorContains(t, err, c.want, name)
		}
	}
	i.RotateKey()
	require.NoError(t, i.Admit(token, orders, now), "its key is still published")
	i.WithdrawKeys()
	require.Error(t, i.Admit(token, orders, now))
}

func TestDocumentAt(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]issuer.Document{
		"/common/.well-known/openid-configuration":      issuer.Configuration,
		"/common/v2.0/.well-known/openid-configuration": issuer.Configuration,
		"/common/discovery/keys":                        issuer.Keys,
		"/7e/discovery/v2.0/keys":                       issuer.Keys,
		"/common/discovery/instance":                    issuer.Instance,
		"/discovery/keys":                               issuer.NoDocument,
		"/common/discovery/keys/":                       issuer.NoDocument,
		"/metadata/identity/oauth2/token":               issuer.NoDocument,
		"/":                                             issuer.NoDocument,
	} {
		require.Equal(t, want, issuer.DocumentAt(path), path)
	}
}
