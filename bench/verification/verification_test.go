package main

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/bench/internal/near"
	"github.com/seed-ac726066/aztoken/imdstest"
	azverify "github.com/seed-ac726066/aztoken/verify"
)

// operations returns the ways to verify a token; the first is the floor.
func operations(tb testing.TB) []near.Operation {
	srv, ctx := entra(), tb.Context()
	hc := &http.Client{Transport: srv}
	token := srv.Mint(audience)
	keys, err := fetchKeys(ctx, hc)
	require.NoError(tb, err)
	key, ok := keys.Keys[0].Key.(*rsa.PublicKey)
	require.True(tb, ok)
	all := []near.Operation{
		{Name: rsaStep, Run: rsaOnly(tb, key, token)},
		{Name: stdlib, Run: byHand(tb, key, token)},
		{Name: firstTime, Run: neverSeen(tb, srv, hc)},
		{Name: badSignature, Run: badlySigned(tb, srv, hc)},
	}
	for _, l := range libraries() {
		v, done, err := l.new(ctx, hc)
		require.NoError(tb, err)
		tb.Cleanup(done)
		name := l.name
		if name == aztoken().name {
			name = remembered
		}
		run := func() {
			_, err := v(ctx, token)
			near.Must(tb, err)
		}
		run() // verifiers that fetch keys on first use have them now
		all = append(all, near.Operation{Name: name, Run: run})
	}
	return all
}

// rsaOnly is the floor: the one step that every verifier needs, with its input prepared.
func rsaOnly(tb testing.TB, key *rsa.PublicKey, token string) func() {
	signed, encoded, _ := cutSignature(token)
	digest := sha256.Sum256([]byte(signed))
	signature, err := base64.RawURLEncoding.DecodeString(encoded)
	require.NoError(tb, err)
	return func() { near.Must(tb, rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature)) }
}

func cutSignature(token string) (signed, signature string, ok bool) {
	at := strings.LastIndexByte(token, '.')
	if at < 0 {
		return "", "", false
	}
	return token[:at], token[at+1:], true
}

// byHand verifies with only the standard library: the signature and the usual claims, without
// strict JSON.
func byHand(tb testing.TB, key *rsa.PublicKey, token string) func() {
	return func() { near.Must(tb, verifyByHand(key, token)) }
}

func verifyByHand(key *rsa.PublicKey, token string) error {
	signed, encoded, _ := cutSignature(token)
	head, body, _ := strings.Cut(signed, ".")
	var h struct{ Alg, Kid string }
	if err := decode(head, &h); err != nil {
		return err
	}
	if h.Alg != "RS256" {
		return errors.New("alg")
	}
	signature, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		return err
	}
	digest := sha256.Sum256([]byte(signed))
	if err := rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature); err != nil {
		return err
	}
	var c struct {
		Iss, Aud string
		Exp, Nbf int64
		Roles    []string
	}
	if err := decode(body, &c); err != nil {
		return err
	}
	if now := time.Now().Unix(); c.Iss != issuer || c.Aud != audience || c.Exp < now || c.Nbf > now {
		return errors.New("claims")
	}
	return nil
}

func decode(part string, into any) error {
	text, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

// neverSeen verifies, at every run, a token that the verifier does not have in its cache: once it
// has seen all of them it forgets them.
func neverSeen(tb testing.TB, srv *imdstest.Server, hc *http.Client) func() {
	const tokens = 512
	var all []string
	for range tokens {
		all = append(all, srv.Mint(audience))
	}
	return unseen(tb, hc, srv.Mint(audience), all, func(err error) { near.Must(tb, err) })
}

// badlySigned is neverSeen with tokens whose signature belongs to another token.
func badlySigned(tb testing.TB, srv *imdstest.Server, hc *http.Client) func() {
	_, signature, _ := cutSignature(srv.Mint(audience))
	var all []string
	for range 64 {
		signed, _, _ := cutSignature(srv.Mint(audience))
		all = append(all, signed+"."+signature)
	}
	return unseen(tb, hc, srv.Mint(audience), all, func(err error) {
		if !errors.Is(err, azverify.ErrSignature) {
			near.Must(tb, fmt.Errorf("not refused for its signature: %w", err))
		}
	})
}

func unseen(tb testing.TB, hc *http.Client, good string, tokens []string, check func(error)) func() {
	ctx := tb.Context()
	v, err := verifier(hc)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, v.Close()) })
	_, err = v.Verify(ctx, good)
	require.NoError(tb, err)
	var runs atomic.Int64
	return func() {
		n := runs.Add(1) - 1
		if n%int64(len(tokens)) == 0 {
			v.Forget()
		}
		_, err := v.Verify(ctx, tokens[n%int64(len(tokens))])
		check(err)
	}
}

func BenchmarkVerify(b *testing.B) { near.Benchmark(b, operations(b)) }

// The tests below must not run at the same time, so none is parallel.

func TestAFirstVerificationStaysNearItsFloor(t *testing.T) {
	ops := operations(t)
	near.Test(t, near.Goal{Times: 1.35, Allocs: 40}, near.Find(t, ops, rsaStep), near.Find(t, ops, firstTime))
}

// A tenth, plus what a busy machine adds.
func TestABadSignatureCostsItsRSAStepAndATenth(t *testing.T) {
	ops := operations(t)
	near.Test(t, near.Goal{Times: 1.12, Allocs: 40}, near.Find(t, ops, rsaStep), near.Find(t, ops, badSignature))
}

// A microsecond, where the floor takes 30.
func TestARememberedTokenStaysNearAFractionOfTheFloor(t *testing.T) {
	ops := operations(t)
	near.Test(t, near.Goal{Times: 0.033}, near.Find(t, ops, rsaStep), near.Find(t, ops, remembered))
}

func TestAFirstVerificationIsAheadOfThePeers(t *testing.T) {
	ops := operations(t)
	for _, l := range libraries()[1:] {
		t.Run(l.name, func(t *testing.T) {
			near.Test(t, near.Goal{Times: 0.99, Allocs: 40}, near.Find(t, ops, l.name), near.Find(t, ops, firstTime))
		})
	}
}

func TestAFirstVerificationAllocates8KBAtMost(t *testing.T) {
	if near.Raced {
		t.Skip("the race detector allocates too")
	}
	run := near.Find(t, operations(t), firstTime)
	const runs = 1000
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		run()
	}
	runtime.ReadMemStats(&after)
	require.LessOrEqual(t, (after.TotalAlloc-before.TotalAlloc)/runs, uint64(8<<10))
}
