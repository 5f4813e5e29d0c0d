package verify_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/verify"
)

// What is wrong with these can be told from the token alone: nobody is asked for keys.
func TestATokenInTheWrongFormIsRefusedWithoutARequest(t *testing.T) {
	t.Parallel()
	rows := append(algorithmRows(), headerRows...)
	rows = append(rows, spellingRows()...)
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			virtually(t, func(t *testing.T) {
				entra := issue(first().jwk())
				v := open(t, entra)
				token := mint(r.token)
				requireTelling(t, reject(t, v, token, r.want), r.says, token)
				require.Empty(t, entra.asks(""))
				require.NoError(t, v.Warm(t.Context()))
				requireTelling(t, reject(t, v, token, r.want), r.says, token)
				require.Len(t, entra.asks(""), 2)
				accept(t, v, mint())
			})
		})
	}
}

// algorithmRows have another alg than RS256, with the signature of the key nevertheless or with one
// that goes with it.
func algorithmRows() (rows []row) {
	for _, alg := range []string{"none", "None", "NONE", "nOnE", "none ", "", "rs256", "RS256 ", "RS384", "RS512", "PS256", "ES256", "HS256", "EdDSA", "dir", "RSA-OAEP"} {
		rows = append(rows,
			row{name: "alg " + alg, token: head("alg", alg), want: verify.ErrMalformed, says: "alg"},
			row{name: "alg " + alg + " without a signature", token: all(head("alg", alg), spell(func(token string) string {
				return token[:strings.LastIndexByte(token, '.')+1]
			})), want: verify.ErrMalformed, says: "three parts"},
			row{name: "alg " + alg + " with a signature of one byte", token: all(head("alg", alg), spell(func(token string) string {
				return token[:strings.LastIndexByte(token, '.')+1] + "AA"
			})), want: verify.ErrMalformed, says: "alg"})
	}
	for name, secret := range publicKeyBytes() {
		rows = append(rows, row{name: "HS256 with " + name, token: all(head("alg", "HS256"), resign(func(signed []byte) []byte {
			mac := hmac.New(sha256.New, secret)
			mac.Write(signed)
			return mac.Sum(nil)
		})), want: verify.ErrMalformed, says: "alg"})
	}
	return append(rows,
		row{name: "ES256 with a key of its own", token: all(head("alg", "ES256"), resign(signES256)), want: verify.ErrMalformed, says: "alg"},
		row{name: "no alg", token: head("alg", nil), want: verify.ErrMalformed, says: "alg"},
		row{name: "alg is an array", token: head("alg", []string{"RS256"}), want: verify.ErrMalformed, says: "alg"},
		row{name: "ALG for alg", token: all(head("alg", nil), head("ALG", "RS256")), want: verify.ErrMalformed, says: "alg"})
}

// publicKeyBytes are the forms of the public key that a careless verifier takes for a secret.
func publicKeyBytes() map[string][]byte {
	pkix, err := x509.MarshalPKIXPublicKey(first().private.Public())
	if err != nil {
		panic(err)
	}
	pkcs1 := x509.MarshalPKCS1PublicKey(&first().private.PublicKey)
	jwk, err := json.Marshal(first().jwk())
	if err != nil {
		panic(err)
	}
	return map[string][]byte{
		"the DER of the key": pkix, "the PEM of the key": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: pkix}),
		"the PKCS #1 DER of the key": pkcs1, "the PKCS #1 PEM of the key": pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: pkcs1}),
		"the modulus": first().private.N.Bytes(), "the JWK": jwk, "nothing": nil,
	}
}

// resign gives a token another signature.
func resign(sign func(signed []byte) []byte) change {
	return spell(func(token string) string {
		signed := token[:strings.LastIndexByte(token, '.')]
		return signed + "." + part(string(sign([]byte(signed))))
	})
}

func signES256(signed []byte) []byte {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	digest := sha256.Sum256(signed)
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	if err != nil {
		panic(err)
	}
	return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
}

const attacker = "https://attacker.example/keys"

var headerRows = []row{
	{name: "jwk", token: withJWK, want: verify.ErrMalformed, says: "jwk"},
	{name: "jwk of no kid that is known", token: all(withJWK, head("kid", "second")), want: verify.ErrMalformed, says: "jwk"},
	{name: "jwk is null", token: head("jwk", null), want: verify.ErrMalformed, says: "jwk"},
	{name: "jku", token: head("jku", attacker), want: verify.ErrMalformed, says: "jku"},
	{name: "jku of Entra's own", token: head("jku", "https://login.microsoftonline.com/common/discovery/v2.0/keys"), want: verify.ErrMalformed, says: "jku"},
	{name: "x5u", token: head("x5u", attacker), want: verify.ErrMalformed, says: "x5u"},
	{name: "crit", token: all(head("crit", []string{"exp"}), head("exp", 1)), want: verify.ErrMalformed, says: "crit"},
	{name: "crit is empty", token: head("crit", []string{}), want: verify.ErrMalformed, says: "crit"},
	{name: "crit with b64", token: all(head("crit", []string{"b64"}), head("b64", false)), want: verify.ErrMalformed, says: "crit"},
	{name: "no kid", token: head("kid", nil), want: verify.ErrMalformed, says: "kid"},
	{name: "kid is empty", token: head("kid", ""), want: verify.ErrMalformed, says: "kid"},
	{name: "kid is null", token: head("kid", null), want: verify.ErrMalformed, says: "kid"},
	{name: "kid is a number", token: head("kid", 1), want: verify.ErrMalformed, says: "kid"},
	{name: "KID for kid", token: all(head("kid", nil), head("KID", "first")), want: verify.ErrMalformed, says: "kid"},
	{name: "x5t only", token: all(head("kid", nil), head("x5t", "first")), want: verify.ErrMalformed, says: "kid"},
	{name: "no typ", token: head("typ", nil), want: verify.ErrMalformed, says: "typ"},
	{name: "typ jwt", token: head("typ", "jwt"), want: verify.ErrMalformed, says: "typ"},
	{name: "typ JOSE", token: head("typ", "JOSE"), want: verify.ErrMalformed, says: "typ"},
	{name: "typ dpop+jwt", token: head("typ", "dpop+jwt"), want: verify.ErrMalformed, says: "typ"},
	{name: "typ is an array", token: head("typ", []string{"JWT"}), want: verify.ErrMalformed, says: "typ"},
	{name: "nonce", token: head("nonce", "AQABAAAAAA"), want: verify.ErrMicrosoftAPI, says: "nonce"},
	{name: "nonce is null", token: head("nonce", null), want: verify.ErrMicrosoftAPI, says: "nonce"},
	{name: "alg twice", token: extraHead(`"alg":"RS256"`), want: verify.ErrMalformed, says: "header"},
	{name: "alg twice, once none", token: extraHead(`"alg":"none"`), want: verify.ErrMalformed, says: "header"},
	{name: "kid twice", token: extraHead(`"kid":"second"`), want: verify.ErrMalformed, says: "header"},
	{name: "kid twice, once escaped", token: extraHead(`"k\u0069d":"second"`), want: verify.ErrMalformed, says: "header"},
	{name: "a member of no interest twice", token: extraHead(`"x":1,"x":1`), want: verify.ErrMalformed, says: "header"},
	{name: "header null", token: rawHeader("null"), want: verify.ErrMalformed, says: "header"},
	{name: "header is an array", token: rawHeader(`[{"alg":"RS256"}]`), want: verify.ErrMalformed, says: "header"},
	{name: "header is text", token: rawHeader(`"RS256"`), want: verify.ErrMalformed, says: "header"},
	{name: "header is empty", token: rawHeader(`{}`), want: verify.ErrMalformed, says: "alg"},
	{name: "two headers", token: func(j *jwt) { j.rawHeader = text("", j.header) + text("", j.header) }, want: verify.ErrMalformed, says: "header"},
	{name: "header ends early", token: func(j *jwt) { j.rawHeader = strings.TrimSuffix(text("", j.header), "}") }, want: verify.ErrMalformed, says: "header"},
}

// withJWK is signed by a key that the token brings itself.
func withJWK(j *jwt) {
	j.key = second()
	j.header["jwk"] = second().jwk()
}

// spellingRows are good tokens that are not written as tokens are.
func spellingRows() (rows []row) {
	spelling := func(name, says string, f func(header, payload, signature string) string) {
		rows = append(rows, row{name: name, want: verify.ErrMalformed, says: says, token: spell(func(token string) string {
			parts := strings.Split(token, ".")
			return f(parts[0], parts[1], parts[2])
		})})
	}
	const form = "three parts"
	for name, glue := range map[string][4]string{
		"a dot before": {".", ".", ".", ""}, "a dot after": {"", ".", ".", "."}, "two dots": {"", "..", ".", ""}, "two dots later": {"", ".", "..", ""},
		"a space before": {" ", ".", ".", ""}, "a space after": {"", ".", ".", " "}, "a newline after": {"", ".", ".", "\n"}, "CR LF after": {"", ".", ".", "\r\n"},
		"a newline in the header": {"", "\n.", ".", ""}, "a newline in the payload": {"", ".\n", ".", ""}, "a newline before the signature": {"", ".", ".\n", ""},
		"a tab": {"", ".\t", ".", ""}, "a NUL after": {"", ".", ".", "\x00"}, "padding of the header": {"", "=.", ".", ""}, "padding of the payload": {"", ".", "=.", ""},
		"padding of the signature": {"", ".", ".", "=="}, "a comma": {"", ".", ".", ","}, "Bearer before": {"Bearer ", ".", ".", ""}, "a full-width dot": {"", "．", ".", ""},
	} {
		spelling(name, form, func(h, p, s string) string { return glue[0] + h + glue[1] + p + glue[2] + s + glue[3] })
	}
	spelling("nothing", form, func(h, p, s string) string { return "" })
	spelling("one part", form, func(h, p, s string) string { return h })
	spelling("two parts", form, func(h, p, s string) string { return h + "." + p })
	spelling("four parts", form, func(h, p, s string) string { return h + "." + p + "." + s + "." + s })
	spelling("five parts, as of JWE", form, func(h, p, s string) string { return h + "." + p + "." + s + "." + s + "." + s })
	spelling("dots only", form, func(h, p, s string) string { return ".." })
	spelling("a million dots", "16 KiB", func(h, p, s string) string { return strings.Repeat(".", 1_000_000) })
	spelling("no header", form, func(h, p, s string) string { return "." + p + "." + s })
	spelling("no payload", form, func(h, p, s string) string { return h + ".." + s })
	spelling("no signature", form, func(h, p, s string) string { return h + "." + p + "." })
	spelling("a newline within the signature", form, func(h, p, s string) string { return h + "." + p + "." + s[:9] + "\n" + s[9:] })
	spelling("the alphabet of base64", form, func(h, p, s string) string { return h + "." + p + "." + "+/" + s[2:] })
	spelling("the flattened JSON serialisation", form, func(h, p, s string) string {
		return `{"protected":"` + h + `","payload":"` + p + `","signature":"` + s + `"}`
	})
	spelling("the general JSON serialisation", form, func(h, p, s string) string {
		return `{"payload":"` + p + `","signatures":[{"protected":"` + h + `","signature":"` + s + `"}]}`
	})
	spelling("over 16 KiB of signature", "16 KiB", func(h, p, s string) string { return h + "." + p + "." + strings.Repeat(s, 50) })
	return rows
}

func TestUnusedBitsOfTheLastCharacterMustBeZero(t *testing.T) {
	virtually(t, func(t *testing.T) {
		const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
		entra := issue(first().jwk())
		v := open(t, entra)
		for at := range 3 {
			// One or two bytes more than a multiple of three: the last character has 4 or 2 unused
			// bits.
			for bytes := 1; bytes <= 2; bytes++ {
				token := mint(func(j *jwt) {
					for len(text("", j.header))%3 != bytes {
						j.header["x5t"] = j.header["x5t"].(string) + "x"
					}
					for len(text("", j.claims))%3 != bytes {
						j.claims["uti"] = j.claims["uti"].(string) + "x"
					}
				})
				parts := strings.Split(token, ".")
				// A signature of 256 bytes always has 4 unused bits.
				unused := map[int]int{2: 16, 3: 4}[len(parts[at])%4]
				require.NotZero(t, unused)
				last := strings.IndexByte(alphabet, parts[at][len(parts[at])-1])
				require.Zero(t, last%unused)
				for bits := 1; bits < unused; bits++ {
					other := append([]string(nil), parts...)
					other[at] = parts[at][:len(parts[at])-1] + alphabet[last+bits:last+bits+1]
					spelled := strings.Join(other, ".")
					requireTelling(t, reject(t, v, spelled, verify.ErrMalformed), "three parts", spelled)
				}
			}
		}
		require.Empty(t, entra.asks(""))
	})
}

func TestTheLongestTokenIsOf16KiB(t *testing.T) {
	virtually(t, func(t *testing.T) {
		v := warm(t, issue(first().jwk()))
		padded := func(n int) string { return mint(claim("x", strings.Repeat("x", n))) }
		n := 11_000
		for len(padded(n+3)) <= 16<<10 {
			n += 3 * max(1, (16<<10-len(padded(n)))/8)
		}
		require.Greater(t, len(padded(n)), 16<<10-4)
		accept(t, v, padded(n))
		require.Contains(t, reject(t, v, padded(n+4), verify.ErrMalformed).Error(), "16 KiB")
	})
}

func TestACertificateThatATokenBringsDoesNotCount(t *testing.T) {
	virtually(t, func(t *testing.T) {
		entra := issue(first().jwk())
		v := warm(t, entra)
		token := mint(func(j *jwt) { j.key, j.header["x5c"] = second(), []string{"MIIB"} })
		requireTelling(t, reject(t, v, token, verify.ErrMalformed), "x5c", token)
		require.Len(t, entra.asks(""), 2)
	})
}

func TestAForgedSignatureIsRefused(t *testing.T) {
	t.Parallel()
	for name, forge := range map[string]func(signature []byte) []byte{
		"zeros": func(s []byte) []byte { return make([]byte, len(s)) },
		"ones": func(s []byte) []byte {
			for i := range s {
				s[i] = 0xff
			}
			return s
		},
		"a bit":       func(s []byte) []byte { s[100] ^= 1; return s },
		"the last":    func(s []byte) []byte { s[255] ^= 1; return s },
		"too short":   func(s []byte) []byte { return s[:255] },
		"too long":    func(s []byte) []byte { return append(s, 0) },
		"a zero more": func(s []byte) []byte { return append([]byte{0}, s...) },
		"one byte":    func([]byte) []byte { return []byte{1} },
		"the modulus": func([]byte) []byte { return first().private.N.Bytes() },
	} {
		t.Run(name, func(t *testing.T) {
			virtually(t, func(t *testing.T) {
				v := warm(t, issue(first().jwk()))
				token := mint(spell(func(token string) string {
					dot := strings.LastIndexByte(token, '.') + 1
					return token[:dot] + part(string(forge(unpart(token[dot:]))))
				}))
				requireTelling(t, reject(t, v, token, verify.ErrSignature), shown("first"), token)
			})
		})
	}
}
