package verify

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"sync"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"
	"github.com/stretchr/testify/require"
)

var oracleKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// compact signs a token with RS256, whatever its header says.
func compact(header, payload string) string {
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode([]byte(header)) + "." + encode([]byte(payload))
	digest := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(nil, oracleKey(), crypto.SHA256, digest[:])
	if err != nil {
		panic(err)
	}
	return signed + "." + encode(signature)
}

// FuzzJWS compares readJWS and jws.verify with go-jose: what is accepted here go-jose accepts too,
// with the same payload and key id, and what only go-jose accepts has a form that is refused here
// on purpose.
func FuzzJWS(f *testing.F) {
	good := compact(`{"typ":"JWT","alg":"RS256","kid":"a"}`, `{"a":1}`)
	f.Add(good)
	for _, header := range []string{
		`{"typ":"at+jwt","alg":"RS256","kid":"\u0061"}`, `{"alg":"RS256","kid":"a"}`, `{"typ":"JWT","alg":"none","kid":"a"}`, `{"typ":"JWT","alg":"RS512","kid":"a"}`, `{"typ":"JWT","alg":"RS256","kid":"a","crit":["x"]}`,
		`{"typ":"JWT","alg":"RS256","kid":"a","kid":"b"}`, `{"typ":"JWT","alg":"RS256","kid":"a","b64":false}`, `{"typ":"JWT","alg":"RS256","kid":"a"} `, `{}`, ``,
	} {
		f.Add(compact(header, `{"a":1}`))
	}
	for _, payload := range []string{"", "null", "\xff", strings.Repeat("x", 5000)} {
		f.Add(compact(`{"typ":"JWT","alg":"RS256","kid":"a"}`, payload))
	}
	f.Add(good + "A")
	f.Add(good + "\n")
	f.Add(good[:len(good)-1] + "B")
	f.Add(strings.Replace(good, ".", ".\n", 1))
	f.Fuzz(func(t *testing.T, token string) {
		if len(token) > maxToken {
			return // verify refuses it before
		}
		s := newScratch()
		defer s.free()
		j, err := readJWS(token, nil, s)
		if err == nil {
			err = j.verify(&oracleKey().PublicKey, s)
		}
		signed, oracle := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256})
		var payload []byte
		if oracle == nil {
			payload, oracle = signed.Verify(&oracleKey().PublicKey)
		}
		if err == nil {
			require.NoError(t, oracle)
			require.Equal(t, payload, j.payload)
			require.Equal(t, signed.Signatures[0].Header.KeyID, j.kid)
			return
		}
		if oracle != nil {
			return
		}
		header, _, _ := strings.Cut(token, ".")
		text, decoded := strict.DecodeString(header)
		_, keyErr := keyID(string(text))
		require.True(t, decoded != nil || keyErr != nil || len(payload) == 0 || strings.ContainsAny(token, "\r\n") || !isStrict(token), "refused without need: %v", err)
	})
}

// isStrict reports whether all parts of a token are base64url with a single spelling.
func isStrict(token string) bool {
	for part := range strings.SplitSeq(token, ".") {
		if _, err := strict.DecodeString(part); err != nil {
			return false
		}
	}
	return true
}

// A payload as managed identities have it.
const payloadV1 = `{"aud":"https://orders.example.com","iss":"https://sts.windows.net/7e000000-0000-4000-8000-000000000001/","iat":1700000000,"nbf":1700000000,"exp":1700086400,"aio":"E2NgYPjxd8uz3YJ7T5YJ7T5YJ7T5YJ7T5YJ7AQ==","appid":"c0000000-0000-4000-8000-000000000001","appidacr":"2","idp":"https://sts.windows.net/7e000000-0000-4000-8000-000000000001/","oid":"0b000000-0000-4000-8000-000000000001","rh":"1.AXoAAAAAfgBAAAAAAIAAAAAAEADmAAA.","sub":"0b000000-0000-4000-8000-000000000001","tid":"7e000000-0000-4000-8000-000000000001","uti":"abcdefghijklmnopqrstuv","ver":"1.0","roles":["reader"],"xms_mirid":"/subscriptions/50000000-0000-4000-8000-000000000001/resourcegroups/rg/providers/Microsoft.Compute/virtualMachines/vm"}`

// BenchmarkReadPayload compares the reader of this package with go-jose's strict decoder, which
// compares names exactly and refuses doubled ones, but not those that differ only in case, and
// takes a missing exp.
func BenchmarkReadPayload(b *testing.B) {
	b.Run("readClaims", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := readClaims(payloadV1); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("go-jose", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var c struct {
				Audience  string   `json:"aud"`
				Issuer    string   `json:"iss"`
				Tenant    string   `json:"tid"`
				Client    string   `json:"appid"`
				Object    string   `json:"oid"`
				Subject   string   `json:"sub"`
				Version   string   `json:"ver"`
				ID        string   `json:"uti"`
				IssuedAt  float64  `json:"iat"`
				NotBefore float64  `json:"nbf"`
				Expires   float64  `json:"exp"`
				Roles     []string `json:"roles"`
			}
			if err := json.Unmarshal([]byte(payloadV1), &c); err != nil {
				b.Fatal(err)
			}
		}
	})
}
