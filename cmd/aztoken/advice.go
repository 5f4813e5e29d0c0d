package main

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/internal/hosts"
	"github.com/seed-ac726066/aztoken/internal/message"
	"github.com/seed-ac726066/aztoken/internal/wire"
	"github.com/seed-ac726066/aztoken/verify"
)

// credentialHost is the Host of an [aztoken.Error] under --dev.
const credentialHost = "Options.Credential"

// isOfApp reports whether an error is about the tokens of an app registration.
func isOfApp(e *aztoken.Error) bool {
	return strings.HasPrefix(e.Host, string(hosts.AppRegistration)+" at ")
}

// adviceFor returns what to do about an error of the library in terms of the command line, "" if
// the error itself says so.
func adviceFor(err error) string {
	var (
		noToken  *aztoken.Error
		rejected *verify.Error
	)
	switch {
	case errors.As(err, &noToken):
		return noTokenAdvice(noToken)
	case errors.As(err, &rejected):
		return rejectedAdvice(rejected)
	}
	return ""
}

// noTokenAdvice returns what to do about an error of a request for a token. The advice of the host
// comes first, because it is the most specific.
func noTokenAdvice(e *aztoken.Error) string {
	isSilent := e.StatusCode == 0 && e.Code == ""
	switch {
	case errors.As(e, new(signInError)):
		return "" // each of its lines has the advice for one tool
	case e.Host == credentialHost && errors.Is(e, context.DeadlineExceeded):
		return "allow more time with --timeout, or sign in again: az login, azd auth login or Connect-AzAccount"
	case errors.Is(e, aztoken.ErrNoManagedIdentity) && isOfApp(e):
		return withFlags(e.Advice, "on your own machine use --dev in place of --"+appClientIDFlag+" and --"+appTenantFlag)
	case errors.Is(e, aztoken.ErrIdentityNotFound) && isOfApp(e) && e.Missing == "":
		return withFlags(e.Advice, "--"+appClientIDFlag+" and --"+appTenantFlag)
	case errors.Is(e, aztoken.ErrNoManagedIdentity):
		return withFlags(e.Advice, "on your own machine add --dev, which uses your sign-in: az login, azd auth login or Connect-AzAccount")
	case errors.Is(e, aztoken.ErrIdentityNotFound), errors.Is(e, aztoken.ErrIdentityAmbiguous):
		return withFlags(e.Advice, "--client-id, --object-id or --resource-id")
	case errors.Is(e, context.DeadlineExceeded) && isSilent:
		return "allow more time with --timeout, or run aztoken doctor to find out why there is no answer"
	}
	return e.Advice
}

// withFlags returns advice with the flags that it is about.
func withFlags(advice, flags string) string {
	if advice == "" {
		return flags
	}
	return advice + " (" + flags + ")"
}

// rejectedAdvice is adviceFor for a token that inspect --verify rejects.
func rejectedAdvice(e *verify.Error) string {
	for _, known := range []struct {
		sentinel error
		advice   string
	}{
		{verify.ErrKeysUnavailable, "check that Entra ID can be reached from here, and --authority; the token may be valid"},
		{verify.ErrMalformed, "pass the complete access token"},
		{verify.ErrMicrosoftAPI, "request a token for the App ID URI of your own service"},
		{verify.ErrNotAccessToken, "pass an access token, not an ID token"},
		{verify.ErrBoundToken, "request a bearer token, which is not bound to a key"},
		{verify.ErrSignature, "check that the token is from Entra ID, and --cloud and --authority"},
		{verify.ErrIssuer, "check that the token is from Entra ID, and --cloud"},
		{verify.ErrTenant, "check --tenant"},
		{verify.ErrAudience, "check --audience, or request a token for this service"},
		{verify.ErrCaller, "check --caller: the token is another identity's"},
		{verify.ErrExpired, "get a new token; if it is new, check the clock of this machine"},
		{verify.ErrNotYetValid, "check the clock of this machine"},
		{verify.ErrRole, "grant the caller the role (aztoken grant); tokens already issued keep their old roles for up to 24 h"},
	} {
		if errors.Is(e, known.sentinel) {
			return known.advice
		}
	}
	return ""
}

// messageFor returns the text of an error for the command line: facts, and what to do. Nothing in
// it looks like a token.
func messageFor(err error) string {
	var (
		noToken  *aztoken.Error
		rejected *verify.Error
	)
	text := err.Error()
	switch {
	case errors.As(err, &noToken):
		text = message.Join(noTokenFacts(noToken), adviceFor(err))
	case errors.As(err, &rejected):
		text = message.Join(rejectedFacts(rejected), adviceFor(err))
	}
	return wire.Redact(text)
}

// noTokenFacts returns what an error knows of a token that could not be obtained.
func noTokenFacts(e *aztoken.Error) []string {
	subject := "no token for " + strconv.Quote(e.Resource)
	if e.Identity != "" && e.Identity != "default" {
		subject += " as " + e.Identity
	}
	if e.Host != "" {
		subject += " from " + hostName(e.Host)
	}
	facts := []string{"aztoken", subject, e.Missing, message.Status(e.StatusCode), e.Code, e.Description}
	for _, cause := range e.Unwrap() {
		switch {
		case cause == aztoken.ErrNoManagedIdentity:
			facts = append(facts, strings.TrimPrefix(cause.Error(), "aztoken: "))
		case cause == aztoken.ErrIdentityNotFound, cause == aztoken.ErrIdentityAmbiguous:
			// The endpoint's own description says this already.
		case errors.As(cause, new(signInError)):
			facts = append(facts, "no tool is signed in\n  "+cause.Error())
		default:
			facts = append(facts, cause.Error())
		}
	}
	if e.RequestID != "" && !strings.Contains(e.Description, e.RequestID) {
		facts = append(facts, "request id "+e.RequestID)
	}
	return facts
}

// hostName returns the host of the library in the words of the command.
func hostName(host string) string {
	if host == credentialHost {
		return "your own sign-in (--dev)"
	}
	return host
}

// rejectedFacts returns which check a token failed, and what that found and wanted.
func rejectedFacts(e *verify.Error) []string {
	facts := []string{"verify"}
	for i, cause := range e.Unwrap() {
		facts = append(facts, cause.Error())
		if i > 0 {
			continue
		}
		switch {
		case e.Found != "" && e.Wanted != "":
			facts = append(facts, "found "+e.Found+", wanted "+e.Wanted)
		case e.Found != "":
			facts = append(facts, "found "+e.Found)
		case e.Wanted != "":
			facts = append(facts, "wanted "+e.Wanted)
		}
	}
	return facts
}
