package identityapi

import (
	"cmp"
	"crypto/tls"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// maxBody is far more than any token request carries: an assertion has some kilobytes.
const maxBody = 64 << 10

// Call is a request as it looks on the wire, independent of the transport.
type Call struct {
	Method string
	Base   string // scheme and host that the client used, "http://169.254.169.254"
	Path   string // escaped, as it was sent
	Query  url.Values
	Form   url.Values  // the parameters of the body
	Header http.Header // in canonical form

	// TLS is the connection that the call came over. Nil: none over TLS, or none at all.
	TLS *tls.ConnectionState

	queryErr, formErr error
}

// ReadCall returns r as a Call. It reads at most 64 KiB of r's body; a larger body makes the form
// malformed, which its endpoint refuses. The error is that of reading the body.
func ReadCall(r *http.Request, base string) (Call, error) {
	c := Call{
		Method: cmp.Or(r.Method, http.MethodGet),
		Base:   base,
		Path:   r.URL.EscapedPath(),
		Header: make(http.Header, len(r.Header)),
	}
	for name, values := range r.Header {
		name = http.CanonicalHeaderKey(name)
		if c.Header[name] == nil {
			c.Header[name] = slices.Clip(values) // two spellings of a name do not write into r
			continue
		}
		c.Header[name] = append(c.Header[name], values...)
	}
	c.Query, c.queryErr = url.ParseQuery(r.URL.RawQuery)
	if r.Body != nil && r.Body != http.NoBody {
		body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
		if err != nil {
			return Call{}, fmt.Errorf("reading the request's body: %w", err)
		}
		c.Form, c.formErr = parseForm(c.Header, body)
	}
	return c, nil
}

// parseForm reads a body that says that it is a form. It takes nothing from any other body, not
// even for a log, because its content is unknown.
func parseForm(header http.Header, body []byte) (url.Values, error) {
	if len(body) == 0 {
		return nil, nil
	}
	if mediaType, _, _ := mime.ParseMediaType(header.Get("Content-Type")); mediaType != "application/x-www-form-urlencoded" {
		return nil, nil
	}
	if len(body) > maxBody {
		return nil, fmt.Errorf("a body of more than %d bytes", maxBody)
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err // not what was read, as some of it may be secret
	}
	return form, nil
}

// Secure reports whether the call came over https.
func (c Call) Secure() bool { return strings.HasPrefix(c.Base, "https://") }

// Resource returns the resource of a call in any protocol, or "". It is for logs: an endpoint reads
// only the parameter of its own protocol.
func (c Call) Resource() string {
	if r := cmp.Or(c.Query.Get("resource"), c.Form.Get("resource")); r != "" {
		return r
	}
	resource, _ := scopeResource(c.Form.Get("scope"))
	return resource
}

// parameters returns the parameters of a call, where its method has them, and what is wrong with
// them.
func (c Call) parameters() (all url.Values, where string, err error) {
	if c.Method == http.MethodPost {
		return c.Form, "body", c.formErr
	}
	return c.Query, "query string", c.queryErr
}
