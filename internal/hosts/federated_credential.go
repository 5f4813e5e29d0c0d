package hosts

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-ac726066/aztoken/internal/jwt"
	"github.com/seed-ac726066/aztoken/internal/wire"
)

// presented has the claims of an assertion that Entra compares with the federated credentials of an
// application: all three must match exactly.
type presented struct {
	issuer, subject string
	audience        string
	isJWT           bool
}

// readPresented reads an assertion without verifying it.
func readPresented(assertion string) presented {
	claims, ok := jwt.Claims(assertion)
	audience := jwt.Text(claims["aud"]) // one string, or several
	if audience == "" {
		audience = strings.Join(jwt.Texts(claims["aud"]), ", ")
	}
	return presented{issuer: jwt.Text(claims["iss"]), subject: jwt.Text(claims["sub"]), audience: audience, isJWT: ok}
}

// String names the three values for people, quoted.
func (p presented) String() string {
	if !p.isJWT {
		return "the assertion that was sent is not a JWT"
	}
	const limit = 300 // an issuer is a URL with two GUIDs
	return fmt.Sprintf("the assertion that was sent has issuer %s, subject %s and audience %s",
		quoteUpTo(limit, p.issuer), quoteUpTo(limit, p.subject), quoteUpTo(limit, p.audience))
}

// The codes of Entra for an assertion that it does not accept for the application. Longer codes
// with the same prefix are more specific.
const (
	noCredential = 70021
	ended        = 700024 // it has expired, or is not valid yet
)

var (
	// mismatches mean that no federated credential has the issuer, the audience or the subject.
	mismatches = []int{700211, 700212, 700213}
	// unaccepted mean that Entra does not accept this kind of assertion here.
	unaccepted = []int{700222, 700226, 700227, 700229, 700236}
)

// isMismatch reports whether Entra found no federated credential for an assertion.
func isMismatch(f *wire.Failure) bool {
	return hasCode(f, func(code int) bool { return code == noCredential || isOf(mismatches, code) })
}

// isAboutCredential reports whether a refusal has to do with the federated credential or with the
// assertion that it is for.
func isAboutCredential(f *wire.Failure) bool {
	return isMismatch(f) || hasCode(f, func(code int) bool { return code == ended || isOf(unaccepted, code) })
}

func hasCode(f *wire.Failure, is func(code int) bool) bool {
	return slices.ContainsFunc(f.EntraCodes, is)
}

// isOf reports whether code is one of codes, or longer and begins with one.
func isOf(codes []int, code int) bool {
	text := strconv.Itoa(code)
	return slices.ContainsFunc(codes, func(c int) bool { return strings.HasPrefix(text, strconv.Itoa(c)) })
}

// federationAdvice returns what to do about a refusal that has to do with the federated credential.
func federationAdvice(f *wire.Failure) string {
	for _, code := range f.EntraCodes {
		if known, ok := FindEntraError([]int{code}); ok {
			return known.Advice
		}
		for _, c := range slices.Concat(mismatches, unaccepted) {
			if known, ok := FindEntraError([]int{c}); ok && isOf([]int{c}, code) {
				return known.Advice
			}
		}
	}
	return fixFederation
}
