package identityapi

import (
	"crypto/subtle"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/seed-ac726066/aztoken/internal/secret"
)

// rules are what an endpoint demands of a call. They are checked from top to bottom.
type rules struct {
	method   string
	header   string      // must be there exactly once
	value    secret.Text // of the header, exactly; blank: no value is accepted
	direct   bool        // a call that came through a proxy is refused
	versions []string    // the values of api-version; nil: it is ignored
	ids      idNames     // by which the caller names an identity; at most one of them

	blankIDs bool // a blank id names nothing, as if it were not there
	revoked  revocation
}

// idNames are the parameters that name an identity, each with the kind of its value.
type idNames map[string]IDKind

// allIDNames are the spellings of all SDKs, on any host.
var allIDNames = idNames{
	"client_id": ClientID, "clientid": ClientID,
	"object_id": ObjectID, "principal_id": ObjectID, "principalId": ObjectID,
	"msi_res_id": ResourceID, "mi_res_id": ResourceID, "msi-res-id": ResourceID,
}

// revocation says when token_sha256_to_refresh counts.
type revocation int

const (
	revocationUnknown revocation = iota // never
	revocationWithCP1                   // together with the client capability cp1 in xms_cc
	revocationAlways
)

// check returns the request of a call with the right method, or why it is not a valid one.
func (u rules) check(c Call) (Request, *Failure) {
	switch values := c.Header[http.CanonicalHeaderKey(u.header)]; {
	case len(values) == 0:
		return Request{}, &Failure{Reason: headerMissing, Text: u.header}
	case len(values) > 1 || !same(values[0], u.value.Reveal()):
		return Request{}, &Failure{Reason: headerWrong, Text: u.header}
	}
	if u.direct && len(c.Header["X-Forwarded-For"]) > 0 {
		return Request{}, badly("Requests with an X-Forwarded-For header are not allowed")
	}
	parameters, where, err := c.parameters()
	if err != nil {
		return Request{}, badly("The " + where + " is malformed")
	}
	if name := firstDoubled(parameters); name != "" {
		return Request{}, badly(fmt.Sprintf("The parameter '%s' is specified more than once", name))
	}
	if u.versions != nil && !slices.Contains(u.versions, parameters.Get("api-version")) {
		return Request{}, &Failure{Reason: versionUnknown}
	}
	if parameters.Get("resource") == "" {
		return Request{}, &Failure{Reason: resourceMissing}
	}
	id, bad := u.id(parameters)
	return Request{
		Resource: parameters.Get("resource"),
		ID:       id,
		Rejected: u.revoked.hash(parameters),
		Fresh:    parameters.Get("bypass_cache") == "true",
	}, bad
}

// firstDoubled returns the first name, in order of the alphabet, of a parameter that is there more
// than once.
func firstDoubled(parameters url.Values) (first string) {
	for name, values := range parameters {
		if len(values) > 1 && (first == "" || name < first) {
			first = name
		}
	}
	return first
}

// id returns the identity that the parameters name.
func (u rules) id(parameters url.Values) (id ID, bad *Failure) {
	count := 0
	for name := range parameters {
		kind, isID := u.ids[name]
		if !isID || u.blankIDs && parameters.Get(name) == "" {
			continue
		}
		count++
		id = ID{kind, parameters.Get(name)}
	}
	if count > 1 {
		all := slices.Sorted(maps.Keys(u.ids))
		return ID{}, badly(fmt.Sprintf("Only one of '%s' may be specified", strings.Join(all, "', '")))
	}
	return id, nil
}

// hash returns the hash of the token that the caller cannot use any more.
func (v revocation) hash(parameters url.Values) string {
	capabilities := strings.Split(parameters.Get("xms_cc"), ",")
	if v == revocationAlways || v == revocationWithCP1 && slices.Contains(capabilities, "cp1") {
		return parameters.Get("token_sha256_to_refresh")
	}
	return ""
}

// same compares in constant time, except for the length, which is not secret. A blank secret equals
// nothing.
func same(shown, want string) bool {
	return subtle.ConstantTimeCompare([]byte(shown), []byte(want)) == 1 && want != ""
}

func badly(text string) *Failure { return &Failure{Reason: malformed, Text: text} }
