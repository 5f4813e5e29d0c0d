package main

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/bench/internal/near"
	"github.com/seed-ac726066/aztoken/imdstest"
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
		run() // those that fetch keys when they need them have them now
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

// neverSeen passes the verifier a token that it has not cached at every run: once it has seen all
// tokens it is replaced.
func neverSeen(tb testing.TB, srv *imdstest.Server, hc *http.Client) func() {
	const tokens = 500
	f := &fresh{tb: tb, ctx: tb.Context(), hc: hc, verifiers: map[int64]warm{}}
	for range tokens {
		f.tokens = append(f.tokens, srv.Mint(audience))
	}
	tb.Cleanup(f.close)
	return f.run
}

type fresh struct {
	tb     testing.TB
	ctx    context.Context
	hc     *http.Client
	tokens []string
	runs   atomic.Int64

	mu        sync.RWMutex
	verifiers map[int64]warm // by the round through the tokens
}

type warm struct {
	verify verify
	close  func()
}

func (f *fresh) run() {
	n := f.runs.Add(1) - 1
	size := int64(len(f.tokens))
	_, err := f.verifier(n/size)(f.ctx, f.tokens[n%size])
	near.Must(f.tb, err)
}

func (f *fresh) verifier(round int64) verify {
	f.mu.RLock()
	w, ok := f.verifiers[round]
	f.mu.RUnlock()
	if ok {
		return w.verify
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if w, ok = f.verifiers[round]; !ok {
		v, done, err := aztoken().new(f.ctx, f.hc)
		near.Must(f.tb, err)
		w = warm{v, done}
		f.verifiers[round] = w
		if old, ok := f.verifiers[round-2]; ok { // the last one may still be in use by another goroutine
			old.close()
			delete(f.verifiers, round-2)
		}
	}
	return w.verify
}

func (f *fresh) close() {
	for _, w := range f.verifiers {
		w.close()
	}
}

func BenchmarkVerify(b *testing.B) { near.Benchmark(b, operations(b)) }

// The tests below must not run beside each other, so none is parallel.

func TestAFirstVerificationStaysNearItsFloor(t *testing.T) {
	ops := operations(t)
	near.Test(t, near.Goal{Times: 2.2, Allocs: 220}, near.Find(t, ops, rsaStep), near.Find(t, ops, firstTime))
}

func TestARememberedTokenStaysNearAFractionOfTheFloor(t *testing.T) {
	ops := operations(t)
	near.Test(t, near.Goal{Times: 0.1}, near.Find(t, ops, rsaStep), near.Find(t, ops, remembered))
}
