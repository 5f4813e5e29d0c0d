package imdstest

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// An endpoint is how a host checks a request for one of the platform's tokens, and how it words its answer.
type endpoint struct {
	method   string
	header   string   // a header that must be there, once
	value    string   // and its value, to the letter
	direct   bool     // a request that came through a proxy is refused
	versions []string // the values of api-version; nil: there is no such parameter
	ids      idNames

	// admit is a further check of a request that is well formed; nil: none.
	admit func(call) *reply
	// choose returns the identity, or the host's words for why there is none.
	choose func(selector) (*Identity, string)
	// revoked returns the hash of a token that the client cannot use; nil: a client cannot tell.
	revoked func(parameters url.Values) string
	refuse  func(problem) reply
	succeed func(grant) reply
}

// idNames are the parameters by which a host lets a request name an identity.
type idNames map[string]func(*selector) *string

func byClientID(s *selector) *string   { return &s.clientID }
func byObjectID(s *selector) *string   { return &s.objectID }
func byResourceID(s *selector) *string { return &s.resourceID }

// A grant is a token for an identity that was named so.
type grant struct {
	issued
	id       *Identity
	named    selector
	resource string
}

// A problem is why there is no token. Each host has its own form and words for it.
type problem struct {
	kind problemKind
	text string // the words of those that are the same everywhere, or the resource
}

type problemKind int

const (
	headerMissing problemKind = iota
	headerWrong
	malformed // text says how
	versionUnknown
	resourceMissing
	identityMissing // text says why
	resourceUnknown // text is the resource
	entraAway
)

// answerAt returns the answers of an endpoint.
func (s *Server) answerAt(e endpoint) func(call, bool) reply {
	return func(c call, entraDown bool) reply {
		if c.method != e.method {
			r := plainReply(http.StatusMethodNotAllowed, "", "")
			r.header.Set("Allow", e.method)
			return r
		}
		parameters, named, bad := e.check(c)
		if bad != nil {
			return e.refuse(*bad)
		}
		if e.admit != nil {
			if refusal := e.admit(c); refusal != nil {
				return *refusal
			}
		}
		id, why := e.choose(named)
		if id == nil {
			return e.refuse(problem{identityMissing, why})
		}
		o := order{identity: id, resource: parameters.Get("resource"), entraDown: entraDown}
		if e.revoked != nil {
			o.revoked = e.revoked(parameters)
		}
		token, minted, bad := s.issue(o)
		if bad != nil {
			return e.refuse(*bad)
		}
		r := e.succeed(grant{token, id, named, o.resource})
		r.minted = minted
		return r
	}
}

// check returns the parameters of a request, and the identity that it names, or what is wrong with it whoever it is for.
func (e endpoint) check(c call) (parameters url.Values, named selector, bad *problem) {
	wrong := func(kind problemKind, text string) (url.Values, selector, *problem) {
		return nil, selector{}, &problem{kind, text}
	}
	switch values := c.header[http.CanonicalHeaderKey(e.header)]; {
	case len(values) == 0:
		return wrong(headerMissing, "")
	case !slices.Equal(values, []string{e.value}):
		return wrong(headerWrong, "")
	}
	if e.direct && len(c.header["X-Forwarded-For"]) > 0 {
		return wrong(malformed, "Requests with an X-Forwarded-For header are not allowed")
	}
	parameters, err, where := c.query, c.queryErr, "query string"
	if e.method == http.MethodPost {
		parameters, err, where = c.form, c.formErr, "body"
	}
	if err != nil {
		return wrong(malformed, "The "+where+" is malformed")
	}
	for name, values := range parameters {
		if len(values) > 1 {
			return wrong(malformed, fmt.Sprintf("The parameter '%s' is specified more than once", name))
		}
	}
	if e.versions != nil && !slices.Contains(e.versions, parameters.Get("api-version")) {
		return wrong(versionUnknown, "")
	}
	if parameters.Get("resource") == "" {
		return wrong(resourceMissing, "")
	}
	named, bad = e.ids.read(parameters)
	return parameters, named, bad
}

func (names idNames) read(parameters url.Values) (named selector, bad *problem) {
	count := 0
	for name, field := range names {
		if !parameters.Has(name) {
			continue
		}
		count++
		*field(&named) = parameters.Get(name)
	}
	switch {
	case count > 1:
		all := slices.Sorted(maps.Keys(names))
		return named, &problem{malformed, fmt.Sprintf("Only one of '%s' may be specified", strings.Join(all, "', '"))}
	case count == 1 && named == (selector{}):
		named.blank = true
	}
	return named, nil
}
