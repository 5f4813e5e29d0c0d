package wire

import (
	"net/http"
	"slices"
	"strings"
)

// transientCodes are OAuth's codes for temporary failures (RFC 6749, section 4.1.2.1). Entra sends
// the first with a 400 too.
var transientCodes = []string{"temporarily_unavailable", "server_error"}

// The codes of Entra that are temporary although their status indicates a mistake.
//
// https://learn.microsoft.com/entra/identity-platform/reference-error-codes
var (
	// outages are the codes of outages of Entra itself, or of an issuer that Entra asks for its
	// keys.
	outages = []int{
		50033,  // a transient error
		50166,  // the request to the issuer could not be sent
		90006,  // temporarily unavailable
		90012,  // the request timed out
		90024,  // a transient error
		90033,  // the directory is not available
		90055,  // the tenant is throttled
		90061,  // the request to the issuer failed
		90090,  // temporarily unavailable
		90091,  // a service behind it cannot be reached
		501661, // the request to the issuer failed
		900612, // the issuer's keys could not be read
	}
	// stale are the codes of a directory replica that does not have a federated credential yet: the
	// next try often reaches another replica.
	stale = []int{70021, 700211, 700212, 700213}
)

// maxStaleRetries is the number of tries after a stale answer: enough to reach another replica, and
// few enough to report a mistake within seconds.
const maxStaleRetries = 2

// retry decides whether an answer other than 200 is worth another try, and how many at most (0 for
// no limit).
func retry(f *Failure) (again bool, most int) {
	has := func(codes []int) bool {
		return slices.ContainsFunc(f.EntraCodes, func(code int) bool { return slices.Contains(codes, code) })
	}
	switch {
	case slices.Contains(transientCodes, f.Code), has(outages):
		return true, 0
	case has(stale) && !RetryStatus(f.StatusCode):
		return true, maxStaleRetries
	case f.StatusCode == http.StatusNotFound && f.JSON && isCode(f.Code):
		return false, 0 // the endpoint reports a mistake; one that is being updated sends no code
	}
	return RetryStatus(f.StatusCode), 0
}

// isCode reports whether code is a code: one word. Some hosts put a sentence in its place.
func isCode(code string) bool { return code != "" && !strings.ContainsAny(code, " \t") }
