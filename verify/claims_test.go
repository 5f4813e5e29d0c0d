package verify_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// start is when virtual time begins.
var start = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func TestClaimsAreThoseOfAVersion1Token(t *testing.T) {
	virtually(t, func(t *testing.T) {
		c := accept(t, warm(t, issue(first().jwk())), mint(claim("roles", []string{"reader", "admin"}), claim("sub", "the-subject")))
		require.Equal(t, audience, c.Audience)
		require.Equal(t, issuerV1, c.Issuer)
		require.Equal(t, tenant, c.TenantID)
		require.Equal(t, clientID, c.ClientID)
		require.Equal(t, objectID, c.ObjectID)
		require.Equal(t, "the-subject", c.Subject)
		require.Equal(t, []string{"reader", "admin"}, c.Roles)
		require.Empty(t, c.Scopes)
		require.True(t, c.AppOnly)
		require.Equal(t, start.Add(-5*time.Minute), c.IssuedAt)
		require.Equal(t, start.Add(-5*time.Minute), c.NotBefore)
		require.Equal(t, start.Add(24*time.Hour), c.ExpiresOn)
		require.Equal(t, "1.0", c.Version)
		require.Equal(t, "the-id", c.TokenID)
	})
}

func TestClaimsAreThoseOfAUsersVersion2Token(t *testing.T) {
	virtually(t, func(t *testing.T) {
		token := mint(version2, claim("idtyp", nil), claim("roles", nil), claim("scp", "orders.read  orders.write"), claim("uti", nil), claim("sub", nil))
		c := accept(t, warm(t, issue(first().jwk())), token)
		require.Equal(t, issuerV2, c.Issuer)
		require.Equal(t, clientID, c.ClientID)
		require.Equal(t, "2.0", c.Version)
		require.Empty(t, c.Roles)
		require.Equal(t, []string{"orders.read", "orders.write"}, c.Scopes)
		require.False(t, c.AppOnly)
		require.Empty(t, c.TokenID)
		require.Empty(t, c.Subject)
	})
}

func TestTimesMayHaveAFractionAndIssuedAtMayBeMissing(t *testing.T) {
	virtually(t, func(t *testing.T) {
		c := accept(t, warm(t, issue(first().jwk())), mint(claim("iat", nil), claim("exp", json.RawMessage("946684800.5"))))
		require.True(t, c.IssuedAt.IsZero())
		require.Equal(t, start.Add(500*time.Millisecond), c.ExpiresOn)
	})
}

func TestARoleCountsToTheLetter(t *testing.T) {
	virtually(t, func(t *testing.T) {
		token := mint(claim("roles", []string{"reader", "Writer"}), claim("roleſ", []string{"admin"}), claim("role", "admin"))
		c := accept(t, warm(t, issue(first().jwk())), token)
		require.True(t, c.HasRole("reader"))
		require.True(t, c.HasRole("Writer"))
		for _, no := range []string{"", "Reader", "READER", "writer", "admin", "read", "reader ", "reader,Writer"} {
			require.False(t, c.HasRole(no), no)
		}
	})
}

func TestDecodeKeepsTheCaseOfNames(t *testing.T) {
	virtually(t, func(t *testing.T) {
		token := mint(claim("department", "tea"), claim("Groups", []string{"of somebody else"}), claim("nested", map[string]any{"a": 1}), claim("since", "1999-12-31T00:00:00Z"))
		c := accept(t, warm(t, issue(first().jwk())), token)
		var own struct {
			Department string          `json:"department"`
			Groups     []string        `json:"groups"`
			Nested     map[string]int  `json:"nested"`
			Raw        json.RawMessage `json:"roles"`
			Since      time.Time       `json:"since"`
			TENANT     string          `json:"TID"`
		}
		require.NoError(t, c.Decode(&own))
		require.Equal(t, "tea", own.Department)
		require.Nil(t, own.Groups)
		require.Equal(t, map[string]int{"a": 1}, own.Nested)
		require.JSONEq(t, `["reader"]`, string(own.Raw))
		require.Equal(t, start.Add(-24*time.Hour), own.Since)
		require.Empty(t, own.TENANT)

		var everything map[string]any
		require.NoError(t, c.Decode(&everything))
		require.Equal(t, tenant, everything["tid"])
	})
}

func TestDecodeSaysWhatDoesNotFit(t *testing.T) {
	virtually(t, func(t *testing.T) {
		c := accept(t, warm(t, issue(first().jwk())), mint())
		var wrong struct {
			Roles int `json:"roles"`
		}
		err := c.Decode(&wrong)
		require.ErrorContains(t, err, "verify: ")
		require.ErrorContains(t, err, "struct")
		require.Error(t, c.Decode(nil))
		require.Error(t, c.Decode(wrong))
	})
}
