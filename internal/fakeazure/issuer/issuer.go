// Package issuer plays Entra ID as the issuer of tokens: it signs them, changes its keys, and
// publishes the documents by which services verify.
package issuer

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Options say how an issuer mints.
type Options struct {
	TenantID string   // a GUID
	Tenants  []string // further ones that it issues for

	// TokenVersion, 1 or 2, and OptionalClaims are what a resource's manifest asks for. The only
	// claim that is known is idtyp.
	TokenVersion   int
	OptionalClaims []string

	TokenLifetime time.Duration
}

// Issuer is the issuer of a tenant, and of others. It is safe for concurrent use.
type Issuer struct {
	options Options
	keys    keyring
}

// Subject is who a token is for.
type Subject struct {
	ClientID, ObjectID string
	Roles              []string // for the resource; empty: the token has no claim roles

	TenantID string        // "": that of the options
	Lifetime time.Duration // of the token; zero: that of the options
}

// Token is a token with the times that go with it.
type Token struct {
	Value     string
	Minted    time.Time
	NotBefore time.Time
	ExpiresOn time.Time
}

// New returns an issuer, or an error that names the option which is wrong.
func New(o Options) (*Issuer, error) {
	if o.TokenVersion != 1 && o.TokenVersion != 2 {
		return nil, fmt.Errorf("TokenVersion is %d; give 1 or 2", o.TokenVersion)
	}
	for _, claim := range o.OptionalClaims {
		if claim != idtyp {
			return nil, fmt.Errorf("OptionalClaims has %q, which is not known; give %s", claim, idtyp)
		}
	}
	o.OptionalClaims, o.Tenants = slices.Clone(o.OptionalClaims), slices.Clone(o.Tenants)
	return &Issuer{options: o}, nil
}

// TenantID returns the tenant's id.
func (i *Issuer) TenantID() string { return i.options.TenantID }

// Tenant returns the id of a tenant that the issuer issues for, as the options have it, and whether
// there is one.
func (i *Issuer) Tenant(id string) (string, bool) {
	for _, tenant := range append([]string{i.options.TenantID}, i.options.Tenants...) {
		if strings.EqualFold(tenant, id) {
			return tenant, true
		}
	}
	return "", false
}

// URL returns the iss of the tokens that the tenant issues in the form of v2.
func (i *Issuer) URL() string { return issuer(2, i.options.TenantID) }

// Issue returns a token for s, as an endpoint hands it out.
func (i *Issuer) Issue(s Subject, resource string, now time.Time) Token {
	key := i.keys.signing()
	claims := i.claims(s, resource, now)
	value, err := key.token(JWT{Header: key.header(), Claims: claims})
	if err != nil {
		panic(fmt.Sprintf("issuer: %v", err)) // cannot fail for its own header and claims
	}
	return Token{
		Value:     value,
		Minted:    now,
		NotBefore: time.Unix(claims["nbf"].(int64), 0),
		ExpiresOn: time.Unix(claims["exp"].(int64), 0),
	}
}

// Mint returns a token that starts from what s would get, is changed by the edits, and then signed.
// The error is that of writing it as JSON or of signing it.
func (i *Issuer) Mint(s Subject, resource string, now time.Time, edits ...func(*JWT)) (string, error) {
	key := i.keys.signing()
	j := JWT{Header: key.header(), Claims: i.claims(s, resource, now)}
	for _, edit := range edits {
		edit(&j)
	}
	return key.token(j)
}

// Claims returns the claims of a token that this issuer signed, expired or not and its key
// withdrawn or not, in the types of package encoding/json.
func (i *Issuer) Claims(token string) (map[string]any, error) { return i.keys.all().claims(token) }

// Payload returns the payload of a token that this issuer signed, as Claims does.
func (i *Issuer) Payload(token string) ([]byte, error) { return i.keys.all().verify(token) }

// Admit returns why a service with that audience refuses a token, in text that is safe in a header.
// It fetches no keys, and allows no clock skew.
func (i *Issuer) Admit(token, audience string, now time.Time) error {
	claims, err := i.keys.signers().claims(token)
	if err != nil {
		return errors.New("the token was not signed by this issuer")
	}
	if claims["aud"] != audience {
		return errors.New("the token is for another audience")
	}
	expires, ok := claims["exp"].(float64)
	if !ok || !now.Before(time.Unix(int64(expires), 0)) {
		return errors.New("the token is expired")
	}
	if notBefore, ok := claims["nbf"].(float64); ok && now.Before(time.Unix(int64(notBefore), 0)) {
		return errors.New("the token is not valid yet")
	}
	return nil
}

// RotateKey makes another key sign from now on: the next one that was published in advance, or else
// a new one. The keys before it stay published.
//
// The first use of a key in a process generates it, which takes a good part of a second of real
// time; all issuers of a process share the same keys.
func (i *Issuer) RotateKey() { i.keys.rotate() }

// PublishKey publishes a new key before its first use, as Entra does.
func (i *Issuer) PublishKey() { i.keys.publish() }

// WithdrawKeys removes all published keys but the one that signs now. They never come back.
func (i *Issuer) WithdrawKeys() { i.keys.withdraw() }

// Publish adds a key to the key documents as it is, behind the issuer's. The error is that of
// writing it as JSON.
func (i *Issuer) Publish(jwk map[string]any) error { return i.keys.publishExtra(jwk) }
