package verify_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/verify"
)

// mutations change a token a little at a random place.
var mutations = []func(r *rand.Rand, token string) string{
	func(r *rand.Rand, token string) string { // flip a bit
		i := r.IntN(len(token))
		return token[:i] + string([]byte{token[i] ^ 1<<r.IntN(8)}) + token[i+1:]
	},
	func(r *rand.Rand, token string) string { // change a byte
		i := r.IntN(len(token))
		return token[:i] + string([]byte{byte(r.UintN(256))}) + token[i+1:]
	},
	func(r *rand.Rand, token string) string { // change a character to another of base64url
		i := r.IntN(len(token))
		return token[:i] + letter(r) + token[i+1:]
	},
	func(r *rand.Rand, token string) string { // insert a byte
		i := r.IntN(len(token) + 1)
		return token[:i] + string([]byte{byte(r.UintN(256))}) + token[i:]
	},
	func(r *rand.Rand, token string) string { // insert a character
		i := r.IntN(len(token) + 1)
		return token[:i] + letter(r) + token[i:]
	},
	func(r *rand.Rand, token string) string { // delete some
		i := r.IntN(len(token))
		return token[:i] + token[min(len(token), i+1+r.IntN(8)):]
	},
	func(r *rand.Rand, token string) string { // swap two neighbours
		i := r.IntN(len(token) - 1)
		return token[:i] + token[i+1:i+2] + token[i:i+1] + token[i+2:]
	},
	func(r *rand.Rand, token string) string { // swap or repeat parts
		parts := strings.Split(token, ".")
		mixed := make([]string, r.IntN(5))
		for i := range mixed {
			mixed[i] = parts[r.IntN(len(parts))]
		}
		return strings.Join(mixed, ".")
	},
	func(r *rand.Rand, token string) string { // change the case of a letter
		i := r.IntN(len(token))
		c := unicode.ToUpper(rune(token[i]))
		if c == rune(token[i]) {
			c = unicode.ToLower(c)
		}
		return token[:i] + string(c) + token[i+1:]
	},
	func(r *rand.Rand, token string) string { // cut it
		return token[:r.IntN(len(token))]
	},
}

func letter(r *rand.Rand) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n"
	i := r.IntN(len(alphabet))
	return alphabet[i : i+1]
}

func TestAHundredThousandMutationsOfAGoodTokenAreRefused(t *testing.T) {
	t.Parallel()
	count := 100_000
	if testing.Short() || raced {
		count = 10_000
	}
	srv := imdstest.New(nil)
	v := warmVerifier(t, srv)
	good, ctx := srv.Mint(audience), t.Context()
	_, err := v.Verify(ctx, good)
	require.NoError(t, err)
	r := rand.New(rand.NewPCG(1, 2))
	refused := 0
	for range count {
		mutated := mutations[r.IntN(len(mutations))](r, good)
		if mutated == good {
			continue
		}
		if _, err := v.Verify(ctx, mutated); err == nil {
			require.Failf(t, "accepted", "%q in place of %q", mutated, good)
		}
		refused++
	}
	require.Greater(t, refused, count*9/10)
	require.Equal(t, 1, v.Remembered())
}

func FuzzVerify(f *testing.F) {
	srv := imdstest.New(nil)
	v := warmVerifier(f, srv)
	good := srv.Mint(audience)
	f.Add(good)
	for _, c := range []change{head("alg", "none"), head("nonce", "x"), head("jku", attacker), body("null"), extraHead(`"alg":"none"`), by(second())} {
		f.Add(mint(c))
	}
	r := rand.New(rand.NewPCG(3, 4))
	for _, mutate := range mutations {
		f.Add(mutate(r, good))
	}
	f.Add("")
	f.Add("..")
	f.Add(strings.Repeat(".", 1<<15))
	f.Fuzz(func(t *testing.T, token string) {
		c, err := v.Verify(t.Context(), token)
		if token == good {
			require.NoError(t, err)
			return
		}
		require.Nil(t, c)
		var e *verify.Error
		require.ErrorAs(t, err, &e)
		require.Less(t, len(err.Error()), 2000)
	})
}

func FuzzHeader(f *testing.F) {
	for _, header := range []string{
		`{"typ":"JWT","alg":"RS256","kid":"first"}`, `{"typ":"at+jwt","alg":"RS256","kid":"\ud800"}`, `{"alg":"none"}`, `{"alg":"RS256","alg":"none"}`,
		`{"typ":"JWT","alg":"RS256","kid":"first","crit":[]}`, `{}`, `null`, `[]`, ``, `{"kid":{"kid":{"kid":[[[[]]]]}}}`, `{} {}`, `{"alg":1e400}`,
		strings.Repeat(`{"a":`, 3000) + "1" + strings.Repeat("}", 3000),
	} {
		f.Add([]byte(header))
	}
	f.Fuzz(func(t *testing.T, header []byte) {
		kid, err := verify.ReadHeader(header)
		require.Equal(t, err != nil, kid == "")
		require.LessOrEqual(t, len(kid), 3*len(header)) // a byte that is no UTF-8 becomes three
	})
}

func FuzzReadKeys(f *testing.F) {
	for _, document := range []string{
		jwks(), jwks(first().jwk()), jwks(first().jwk(), first().jwk()), jwks(weak().jwk(), ecKey, hmacKey, unknownKey), jwks(bad(first(), "e", "AQ")), jwks(bad(first(), "n", "")),
		`{}`, `null`, `[]`, ``, `{"keys":{}}`, `{"keys":[{"kid":1}]}`, `{"keys":[null,[],{}]}`, `{"keys":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}`,
	} {
		f.Add([]byte(document))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		n, err := verify.ReadKeys(document)
		require.Equal(t, err != nil, n == 0)
		require.LessOrEqual(t, n*342, len(document)) // the modulus alone has so many characters
	})
}
