package agent

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/internal/agentfile"
	"github.com/seed-ac726066/aztoken/internal/clientpool"
	"github.com/seed-ac726066/aztoken/internal/identityapi"
	"github.com/seed-ac726066/aztoken/internal/message"
	"github.com/seed-ac726066/aztoken/internal/operation"
	"github.com/seed-ac726066/aztoken/internal/rate"
	"github.com/seed-ac726066/aztoken/internal/secret"
	"github.com/seed-ac726066/aztoken/internal/wire"
)

// identity is one that is served.
type identity struct {
	agentfile.Identity
	secret    secret.Text
	perSecond int
	clients   *clientpool.Pool
	resources *resources
	answers   answers
	callers   rate.Bucket // those that show the secret
	peers     rate.Peers  // those of IMDS's protocol
}

// result is what became of a token request, as metrics count it.
type result string

const (
	ok           result = "ok"
	badRequest   result = "bad_request"
	unauthorized result = "unauthorized"
	notAllowed   result = "not_allowed"
	notFound     result = "not_found"
	throttled    result = "throttled"
	unavailable  result = "unavailable"
)

const (
	// patience is how long a caller waits. SDKs ask again after a 503, and the flight goes on.
	patience = 10 * time.Second
	// retryAfter is how long they should wait before that.
	retryAfter = 2 * time.Second
)

// A request is one token request, and the [identityapi.Source] of its endpoint.
type request struct {
	identity *identity
	limit    *rate.Bucket
	now      time.Time

	result   result // "" until Token was called, and if the endpoint refused the request by itself
	resource string // the label
	err      error
}

// Token implements [identityapi.Source].
func (r *request) Token(ctx context.Context, asked identityapi.Request) (identityapi.Token, *identityapi.Failure) {
	if !r.limit.Take(r.now, r.identity.perSecond) {
		return r.refuse(throttled, identityapi.Failure{Reason: identityapi.Throttled, RetryAfter: time.Second})
	}
	if !agentfile.IsResource(asked.Resource) {
		return r.refuse(badRequest, identityapi.Failure{
			Reason: identityapi.Refused, Code: "invalid_resource", Status: http.StatusBadRequest,
			Text: "The resource has spaces or characters outside ASCII",
		})
	}
	label, served := r.identity.resources.admit(asked.Resource)
	r.resource = label
	if !served {
		return r.refuse(notAllowed, identityapi.Failure{Reason: identityapi.ResourceNotFound, Text: fmt.Sprintf(
			"AADSTS500011: The resource principal named %s was not found in the tenant: "+
				"it is not among the resources that aztoken agent serves to this caller", wire.Plain(asked.Resource))})
	}
	client, err := r.identity.clients.Of(asked.ID)
	if err != nil {
		return r.refuse(badRequest, identityapi.Failure{Reason: identityapi.Refused, Code: "invalid_request", Status: http.StatusBadRequest, Text: err.Error()})
	}
	if client == nil {
		return r.refuse(notFound, identityapi.Failure{Reason: identityapi.IdentityNotFound, Text: fmt.Sprintf(
			"Identity not found: aztoken agent serves %q to this caller, and not %s", r.identity.Name, wire.Plain(asked.ID.Value))})
	}
	token, err := r.identity.get(ctx, client, asked)
	if err != nil {
		r.err = err
		failure, result := failureOf(err)
		if result != unavailable {
			r.identity.resources.forget(asked.Resource)
			r.resource = otherResource
		}
		return r.refuse(result, failure)
	}
	r.result = ok
	return r.identity.answers.of(client, token), nil
}

func (r *request) refuse(result result, f identityapi.Failure) (identityapi.Token, *identityapi.Failure) {
	r.result = result
	if r.err == nil {
		r.err = errors.New(f.Text)
	}
	return identityapi.Token{}, &f
}

// get returns the token of a request, and another one if the caller has no use for the current one.
func (id *identity) get(ctx context.Context, client *aztoken.Client, asked identityapi.Request) (aztoken.Token, error) {
	ctx, release := operation.WithPatience(ctx, patience)
	defer release()
	t, err := client.Token(ctx, asked.Resource)
	if err != nil || !asked.Fresh && (asked.Rejected == "" || !hasHash(t, asked.Rejected)) || !id.answers.mayRenew(client, t) {
		return t, err
	}
	client.Invalidate(t)
	return client.Token(ctx, asked.Resource)
}

// failureOf returns what a caller is told of a client's error. A temporary failure is a 503, which
// every SDK tries again; a mistake keeps upstream's status and text.
func failureOf(err error) (identityapi.Failure, result) {
	var e *aztoken.Error
	if !errors.As(err, &e) {
		return identityapi.Failure{Reason: identityapi.Unavailable, RetryAfter: retryAfter, Text: err.Error()}, unavailable
	}
	plain := *e
	plain.Advice = "" // it is for the author of the program
	if passes(e) {
		return identityapi.Failure{Reason: identityapi.Unavailable, RetryAfter: retryAfter, Text: plain.Error()}, unavailable
	}
	text := plain.Error()
	if e.Description != "" {
		text = message.Join([]string{e.Missing, e.Description}, "")
	}
	f := identityapi.Failure{
		Reason: identityapi.Refused, Status: e.StatusCode, Code: e.Code, Text: text + " (identity: " + e.Identity + ")",
	}
	if errors.Is(err, aztoken.ErrIdentityNotFound) || errors.Is(err, aztoken.ErrIdentityAmbiguous) {
		return f, notFound
	}
	return f, badRequest
}

// passes reports whether the next try may succeed: not after what upstream calls a mistake.
func passes(e *aztoken.Error) bool {
	switch {
	case errors.Is(e, context.DeadlineExceeded), errors.Is(e, context.Canceled):
		return true
	case e.StatusCode < http.StatusBadRequest:
		return true // no answer, or not one of an identity endpoint
	case e.Code == "temporarily_unavailable", e.Code == "server_error":
		return true
	case e.StatusCode == http.StatusNotFound:
		return e.Code == "" // an endpoint that is being updated has no code
	}
	return wire.RetryStatus(e.StatusCode)
}
