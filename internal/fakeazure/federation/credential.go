package federation

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seed-ac726066/aztoken/internal/fakeazure/issuer"
)

// Credential is a federated credential. All its parts must match exactly.
type Credential struct{ Issuer, Subject, Audience string }

// Trust is what an application or a managed identity trusts.
type Trust struct {
	Credentials []Credential
	// Home is the issuer of its own tenant: no other tenant's tokens are accepted.
	Home string
	// Identity says that it is a managed identity, which trusts no token of Entra's.
	Identity bool
}

// Refusal is why Entra ID refuses an assertion: the number of its error, and the text.
type Refusal struct {
	Number int // 0: nothing
	Text   string
}

// Judge returns what is wrong with an assertion for a client with this trust. application reports
// whether a client id belongs to an application rather than a managed identity.
func (t Trust) Judge(a Assertion, application func(clientID string) bool) Refusal {
	if a.OfEntra() {
		if refusal := t.judgeEntra(a, application); refusal.Number != 0 {
			return refusal
		}
	}
	return match(a, t.Credentials)
}

// judgeEntra returns what is wrong with an assertion only because Entra issued it.
func (t Trust) judgeEntra(a Assertion, application func(clientID string) bool) Refusal {
	named := func(get func(Credential) string, value string) bool {
		return slices.ContainsFunc(t.Credentials, func(c Credential) bool { return get(c) == value })
	}
	audience, from := a.audience(), func(c Credential) string { return c.Issuer }
	switch {
	case t.Identity:
		return Refusal{700222, "AAD-issued tokens may not be used for federated identity flows."}
	case len(t.Credentials) == 0, named(func(c Credential) string { return c.Audience }, audience):
	case issuer.IsTokenExchange(audience):
		return Refusal{70022204, fmt.Sprintf("The audience '%s' of the assertion is that of another cloud.", audience)}
	default:
		return mismatch(7002121, "audience", audience)
	}
	switch {
	case a.OfUser:
		return Refusal{700229, "Forbidden token type. " +
			"Only app-only tokens may be used as Federated Identity Credentials for AAD issuer."}
	case application(a.ClientID):
		return Refusal{700226, "Only MSI tokens may be used as Federated Identity Credentials for AAD issuer."}
	case a.Issuer != t.Home && named(from, a.Issuer):
		return Refusal{700236, fmt.Sprintf("Entra ID tokens issued by issuer '%s' may not be used for federated identity "+
			"credential flows for applications or managed identities registered in this tenant.", a.Issuer)}
	}
	return Refusal{}
}

// match looks for the credential that an assertion fits: by issuer, then by subject, then by
// audience.
func match(a Assertion, left []Credential) Refusal {
	if len(left) == 0 {
		return Refusal{70021, fmt.Sprintf("No matching federated identity record found for presented assertion. "+
			"Assertion Issuer: '%s'. Assertion Subject: '%s'. Assertion Audience: '%s'. %s", a.Issuer, a.Subject, a.audience(), readOn)}
	}
	keep := func(fits func(Credential) bool) []Credential {
		return slices.DeleteFunc(slices.Clone(left), func(c Credential) bool { return !fits(c) })
	}
	if left = keep(func(c Credential) bool { return c.Issuer == a.Issuer }); len(left) == 0 {
		return mismatch(700211, "issuer", a.Issuer)
	}
	if fits := keep(func(c Credential) bool { return c.Subject == a.Subject }); len(fits) > 0 {
		left = fits
	} else if fits := keep(func(c Credential) bool { return strings.EqualFold(c.Subject, a.Subject) }); len(fits) > 0 {
		return Refusal{7002138, fmt.Sprintf("No matching federated identity record found for presented assertion subject '%s'. "+
			"The subject matches with case-insensitive comparison, but not with case-sensitive comparison. %s %s", a.Subject, check, readOn)}
	} else {
		return mismatch(700213, "subject", a.Subject)
	}
	if left = keep(func(c Credential) bool { return len(a.Audiences) == 1 && c.Audience == a.Audiences[0] }); len(left) == 0 {
		return mismatch(700212, "audience", a.audience())
	}
	return Refusal{}
}

const (
	check  = "Check your federated identity credential Subject, Audience and Issuer against the presented assertion."
	readOn = "https://learn.microsoft.com/entra/workload-id/workload-identity-federation"
)

func mismatch(number int, what, found string) Refusal {
	return Refusal{number, fmt.Sprintf("No matching federated identity record found for presented assertion %s '%s'. %s %s",
		what, found, check, readOn)}
}
