package verify_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/verify"
)

const audience = "https://orders.example.com"

// warmVerifier is a verifier of srv that has its keys.
func warmVerifier(tb testing.TB, srv *imdstest.Server) *verify.Verifier {
	tb.Helper()
	v, err := verify.New(&verify.Options{
		Audiences: []string{audience}, Tenants: []string{imdstest.DefaultTenantID}, AllowRoleless: true,
		Authority: "https://imds.test", HTTPClient: srv.Client(),
	})
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, v.Close()) })
	require.NoError(tb, v.Warm(tb.Context()))
	return v
}

// The floor of a first verification: the RSA step and nothing else.
func BenchmarkRSAFloor(b *testing.B) {
	srv := imdstest.New(nil)
	parts := strings.Split(srv.Mint(audience), ".")
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	require.NoError(b, err)
	key := publicKey(b, srv)
	b.ReportAllocs()
	for b.Loop() {
		if err := rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature); err != nil {
			b.Fatal(err)
		}
	}
}

func publicKey(tb testing.TB, srv *imdstest.Server) *rsa.PublicKey {
	tb.Helper()
	resp, err := (&http.Client{Transport: srv}).Get("https://imds.test/" + imdstest.DefaultTenantID + "/discovery/v2.0/keys")
	require.NoError(tb, err)
	defer resp.Body.Close()
	var document struct{ Keys []struct{ N, E string } }
	require.NoError(tb, json.NewDecoder(resp.Body).Decode(&document))
	n, err := base64.RawURLEncoding.DecodeString(document.Keys[0].N)
	require.NoError(tb, err)
	return &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: 65537}
}

func BenchmarkVerifyFirst(b *testing.B) {
	srv := imdstest.New(nil)
	v := warmVerifier(b, srv)
	tokens := make([]string, 2000)
	for i := range tokens {
		tokens[i] = srv.Mint(audience)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if i == len(tokens) { // all are remembered; begin anew with none
			b.StopTimer()
			v, i = warmVerifier(b, srv), 0
			b.StartTimer()
		}
		if _, err := v.Verify(b.Context(), tokens[i]); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

func BenchmarkVerifyCached(b *testing.B) {
	srv := imdstest.New(nil)
	v := warmVerifier(b, srv)
	token := srv.Mint(audience)
	verify := func(b *testing.B) {
		if _, err := v.Verify(b.Context(), token); err != nil {
			b.Error(err)
		}
	}
	b.Run("serial", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			verify(b)
		}
	})
	b.Run("parallel", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				verify(b)
			}
		})
	})
}

// BenchmarkReject is of tokens that are refused before the RSA step.
func BenchmarkReject(b *testing.B) {
	srv := imdstest.New(nil)
	v := warmVerifier(b, srv)
	header := func(h string) string { return base64.RawURLEncoding.EncodeToString([]byte(h)) }
	good := srv.Mint(audience)
	rest := good[strings.IndexByte(good, '.'):]
	for name, token := range map[string]string{
		"alg none":    header(`{"alg":"none","typ":"JWT"}`) + rest,
		"unknown kid": header(`{"typ":"JWT","alg":"RS256","kid":"abcdefghijklmnopqrstuvwxyza","x5t":"abcdefghijklmnopqrstuvwxyza"}`) + rest,
		"white space": good + "\n",
		"two parts":   good[:strings.LastIndexByte(good, '.')],
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.Verify(b.Context(), token); err == nil {
					b.Fatal("accepted")
				}
			}
		})
	}
}
