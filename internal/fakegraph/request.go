package fakegraph

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/seed-ac726066/aztoken/internal/jwt"
)

// maxBody is far above what is sent here.
const maxBody = 1 << 20

// kept bounds the log: enough for a test, and for a program that runs for days.
const kept = 10_000

// Request is a request that the server received, answered or not.
type Request struct {
	Time         time.Time // of arrival
	Method, Path string    // the path without the version
	Query        url.Values
	Body         string
	Status       int // 0: the connection was cut
}

func (r Request) String() string { return fmt.Sprintf("%s %s: %d", r.Method, r.Path, r.Status) }

// Requests returns the last requests, oldest first.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Writes returns the requests that could change something.
func (s *Server) Writes() []Request {
	return slices.DeleteFunc(s.Requests(), func(r Request) bool { return r.Method == http.MethodGet })
}

// request is a request as the server reads it.
type request struct {
	method, path  string
	query         url.Values // which changes while the request is answered
	asked         url.Values // the query as received
	upsert        bool
	authorization string
	body          []byte
	base          string // of the addresses in answers
}

func readRequest(r *http.Request) (request, error) {
	// OData does not use a plus for a space.
	query, err := url.ParseQuery(strings.ReplaceAll(r.URL.RawQuery, "+", "%2B"))
	if err != nil {
		return request{}, err
	}
	q := request{
		method: r.Method, path: strings.TrimPrefix(r.URL.Path, "/v1.0"), query: query, asked: r.URL.Query(),
		upsert:        r.Header.Get("Prefer") == "create-if-missing",
		authorization: r.Header.Get("Authorization"),
	}
	q.base = "http://" + r.Host
	if r.URL.Host != "" { // without a socket
		q.base = r.URL.Scheme + "://" + r.URL.Host
	}
	if r.Body == nil {
		return q, nil
	}
	q.body, err = io.ReadAll(io.LimitReader(r.Body, maxBody))
	return q, err
}

// authorized reports whether a header has a token for a Graph at one of hosts. It does not check
// the signature.
func authorized(header string, hosts []string) bool {
	token, found := strings.CutPrefix(header, "Bearer ")
	if !found {
		return false
	}
	claims, ok := jwt.Claims(token)
	return ok && slices.ContainsFunc(hosts, func(host string) bool { return string(claims["aud"]) == `"https://`+host+`"` })
}
