package aztoken

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"

	"github.com/seed-ac726066/aztoken/internal/hosts"
	"github.com/seed-ac726066/aztoken/internal/secret"
	"github.com/seed-ac726066/aztoken/internal/stored"
)

// Federation makes a [Client] get the tokens of an app registration, whose credential is an
// assertion in place of a secret: a token of an identity that a federated credential of the app
// registration names. "aztoken federate" creates one for a managed identity.
//
// Entra's tokens for an app registration live for 60 to 90 minutes, so what the client holds covers
// an outage of Entra ID of half an hour or more, but not of 12 hours as a managed identity's own
// tokens do. With EnableCAE ([Client.GetToken]) they may live for up to 28 hours.
//
// https://learn.microsoft.com/entra/workload-id/workload-identity-federation-config-app-trust-managed-identity
type Federation struct {
	// TenantID is the tenant of the app registration, a GUID or a domain. A token of another
	// tenant, in which a multi-tenant app is installed, is asked for by the TenantID of GetToken.
	TenantID string
	// ClientID is the application (client) id of the app registration, a GUID.
	ClientID string
	// Assertion returns an assertion: the token of a CI system, or the content of a file. It is
	// called for each request to Entra, from several goroutines at once, and a trailing line feed
	// does not matter.
	//
	// Nil makes it a token of the host's managed identity, Options.ID, which must be a
	// user-assigned one of the app's tenant. The client keeps that token fresh as it does any
	// other, so that Entra is asked for it two or three times a day.
	Assertion func(context.Context) (string, error)
}

var (
	errFederationBesides = errors.New("aztoken: Options.Federation and Options.Credential each say whose tokens to get; set one of them")
	errAssertionBesides  = errors.New("aztoken: Options.ID and Options.Endpoint say which managed identity makes the assertions; " +
		"leave them out beside Options.Federation.Assertion")
)

const (
	// minAssertionLife is what an assertion must have left, or it is refreshed first: the clocks of
	// this machine and of Entra may differ, and the request takes its time.
	minAssertionLife = 5 * time.Minute
	// freshWait is how long an exchange waits for that.
	freshWait = replaceTimeout
)

// checkFederation returns an error for options that would have no effect with Options.Federation.
func (o *Options) checkFederation() error {
	switch {
	case o.Federation == nil:
		return nil
	case o.Credential != nil:
		return errFederationBesides
	case o.Federation.Assertion != nil && (o.ID != nil || o.Endpoint != ""):
		return errAssertionBesides
	}
	return nil
}

// newAssertions returns the cache of the tokens that a managed identity makes as assertions, nil
// where it makes none. They are kept in the machine's store alone: one is a day's credential of
// every app registration that trusts the identity.
func newAssertions(opts Options, files hosts.ArcFiles, o *observers, health *stored.Health) (*cache, error) {
	if opts.Federation == nil || opts.Federation.Assertion != nil {
		return nil, nil
	}
	opts.Federation = nil
	if opts.Store != nil && opts.Store.Shared() {
		opts.Store = nil
	}
	p, err := newEndpoint(opts, files, nil, o.life)
	if err != nil {
		return nil, err
	}
	s, err := newStore(&opts, p, o, health)
	if err != nil {
		return nil, err
	}
	return &cache{engine: &engine{endpoint: p, observers: o, store: s, policy: opts.Refresh, isInner: true, life: o.life}}, nil
}

// newApplication returns the endpoint of Options.Federation. assertions is the cache of the managed
// identity that makes the assertions, nil where Federation.Assertion does.
func newApplication(opts Options, cfg hosts.Config, assertions *cache) (*endpoint, error) {
	f := hosts.Federation{TenantID: opts.Federation.TenantID, ClientID: opts.Federation.ClientID}
	var err error
	if f.Authority, err = authorityOf(opts.Cloud); err != nil {
		return nil, err
	}
	if assertions == nil {
		f.IsCustom, f.By, f.Assert = true, "Options.Federation.Assertion", hosts.AssertBy(opts.Federation.Assertion)
	} else {
		f.By, f.Assert = assertions.endpoint.host, assertions.assert
	}
	h, err := hosts.NewFederation(cfg, f)
	if err != nil {
		return nil, fmt.Errorf("aztoken: %w", err)
	}
	p := &endpoint{
		subject: subject{host: h.String(), identity: f.ClientID}, kind: h.Kind, id: hosts.ID{Kind: hosts.ClientID, Value: f.ClientID},
		authority: h.Endpoint, tenant: f.TenantID, source: h.Source, isNamed: h.Named,
	}
	if assertions != nil {
		p.below = assertions.endpoint
	}
	return p, nil
}

// authorityOf returns the login host of a cloud, "" for the zero one.
func authorityOf(c cloud.Configuration) (string, error) {
	if reflect.ValueOf(c).IsZero() {
		return "", nil
	}
	if c.ActiveDirectoryAuthorityHost == "" {
		return "", errors.New("aztoken: Options.Cloud has no ActiveDirectoryAuthorityHost, which is all that matters here; " +
			"use one of azcore's clouds, such as cloud.AzureGovernment, or leave Cloud zero")
	}
	return c.ActiveDirectoryAuthorityHost, nil
}

// assert returns the identity's token for audience, which is an assertion.
func (c *cache) assert(ctx context.Context, audience string) (hosts.Assertion, error) {
	r, w, begun := request{resource: audience}, wish{minLife: minAssertionLife}, time.Now()
	t, err := c.getFor(ctx, r)
	if err == nil && t.acquired.Before(begun) && !w.isMetBy(t, begun) {
		t, err = c.fresh(ctx, r, w)
	}
	if err != nil {
		return hosts.Assertion{}, err
	}
	a := hosts.Assertion{Value: t.bearer()}
	if t.acquired.Before(begun) {
		a.Other = func(ctx context.Context) (secret.Text, bool) {
			other := c.replace(ctx, r, t, "")
			if other == nil {
				return secret.Text{}, false
			}
			return other.bearer(), true
		}
	}
	return a, nil
}

// bearer returns the token itself.
func (t *cachedToken) bearer() secret.Text { return secret.New(t.token.Value()) }

// fresh returns a token that was requested just now, because the current one does not meet w. If
// that takes too long or fails, it returns the current one.
func (c *cache) fresh(ctx context.Context, r request, w wish) (*cachedToken, error) {
	ctx, cancel := context.WithTimeout(ctx, freshWait)
	defer cancel()
	return c.await(ctx, r, w)
}
