package aztoken

import (
	"encoding/base64"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func FuzzUnverifiedClaims(f *testing.F) {
	for _, payload := range []string{
		`{"aud":"a","iss":"i","tid":"t","appid":"c","oid":"o","sub":"s","roles":["r"],"iat":1709809297,"nbf":1709809297,"exp":1709895997,"ver":"1.0"}`,
		`{"exp":1.5}`, `{"exp":"1"}`, `{"exp":1e300,"iat":-1}`, `{"roles":null}`, `{"AUD":"a","aud":["b"]}`, `null`, `[]`, `{}{}`, ``,
	} {
		f.Add(payload)
	}
	f.Fuzz(func(t *testing.T, payload string) {
		c, err := tokenOf(payload).UnverifiedClaims()
		var members map[string]any
		if json.Unmarshal([]byte(payload), &members) != nil || members == nil {
			require.ErrorIs(t, err, errNotJWT)
			return
		}
		if err != nil {
			require.Less(t, len(err.Error()), 200, "it quotes no claim")
			return
		}
		for name, value := range map[string]string{"aud": c.Audience, "iss": c.Issuer, "tid": c.TenantID, "oid": c.ObjectID, "sub": c.Subject, "ver": c.Version} {
			want, _ := members[name].(string)
			require.Equal(t, want, value, name)
		}
		for name, value := range map[string]time.Time{"iat": c.IssuedAt, "nbf": c.NotBefore, "exp": c.ExpiresOn} {
			if want, _ := members[name].(float64); value.IsZero() {
				require.False(t, want >= 1 && want < 1e11, name)
			} else {
				require.Equal(t, int64(want), value.Unix(), name)
			}
		}
		_, err = json.Marshal(c)
		require.NoError(t, err)
	})
}

func tokenOf(payload string) Token {
	return Token{secret: newBearer("e30."+base64.RawURLEncoding.EncodeToString([]byte(payload))+".c2ln", request{})}
}
