package identityapi

import (
	"context"
	"net/http"
	"strings"
)

// Endpoint is the identity endpoint of one kind of host.
type Endpoint interface {
	// Host returns where the endpoint is, and under which name.
	Host() Host
	// Answer returns the reply to a call for the endpoint's path.
	Answer(context.Context, Call, Source) Reply
	// Status returns what the host sends with a status when it is in trouble: often nothing at all.
	Status(code int) Reply
}

// Host is what does not change about an endpoint.
type Host struct {
	Name   string // for people and logs: "IMDS"
	Path   string // below the base; {tenant} stands for any one element
	HTTPS  bool   // the path does not exist over plain http
	Server string // the header Server of its replies; blank: none

	tolerance Tolerance
}

// Tolerance says how an endpoint treats requests of clients that the platform would not accept.
type Tolerance bool

const (
	// Exact is what the platform does. It finds the mistakes of clients.
	Exact Tolerance = false
	// Tolerant serves every client: a second slash at the start of the path (msal4j), each SDK's
	// spelling of an id on every endpoint, a rejected token's hash without the capability cp1; and
	// the reply has every member that some client needs, see [AppService].
	Tolerant Tolerance = true
)

// Serves reports whether the call is for the endpoint of h. A slash at the end does not matter, as
// some clients for JavaScript add it.
func (h Host) Serves(c Call) bool {
	if h.HTTPS && !c.Secure() {
		return false
	}
	path, pattern := c.Path, h.Path
	if h.tolerance == Tolerant && strings.HasPrefix(path, "//") {
		path = path[1:]
	}
	if before, after, ok := strings.Cut(pattern, "{tenant}"); ok {
		rest, found := strings.CutPrefix(path, before)
		_, below, _ := strings.Cut(rest, "/")
		path, pattern = "/"+below, after
		if !found {
			return false
		}
	}
	return path == pattern || path == pattern+"/"
}

// Handler returns a handler that serves one endpoint. Every other path is answered with 404.
func Handler(e Endpoint, s Source) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scheme := "http://"
		if r.TLS != nil {
			scheme = "https://"
		}
		c, err := ReadCall(r, scheme+r.Host)
		switch {
		case err != nil:
			empty(http.StatusBadRequest).Write(w)
		case !e.Host().Serves(c):
			empty(http.StatusNotFound).Write(w)
		default:
			reply := e.Answer(r.Context(), c, s)
			if server := e.Host().Server; server != "" {
				reply.Header.Set("Server", server)
			}
			reply.Header.Set("Cache-Control", "no-store") // tokens must not be cached
			reply.Write(w)
		}
	})
}

// form is how an endpoint words its answers.
type form interface {
	refuse(Request, Failure) Reply
	succeed(Request, Token) Reply
}

// answer returns the answer of an endpoint that has its rules and nothing else to check.
func answer(ctx context.Context, c Call, u rules, f form, s Source) Reply {
	r, refusal := admit(c, u, f)
	if refusal != nil {
		return *refusal
	}
	return ask(ctx, f, r, s)
}

// admit returns the request that a call makes under an endpoint's rules, or the refusal.
func admit(c Call, u rules, f form) (Request, *Reply) {
	var refusal Reply
	if c.Method != u.method {
		refusal = NotAllowed(u.method)
		return Request{}, &refusal
	}
	r, bad := u.check(c)
	if bad != nil {
		refusal = f.refuse(r, *bad)
		return Request{}, &refusal
	}
	return r, nil
}

// ask returns the answer to a request that passed the endpoint's rules.
func ask(ctx context.Context, f form, r Request, s Source) Reply {
	token, failure := s.Token(ctx, r)
	if failure != nil {
		return f.refuse(r, *failure).after(failure.RetryAfter)
	}
	return f.succeed(r, token)
}
