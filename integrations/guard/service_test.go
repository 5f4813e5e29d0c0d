package guard_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// callHeader tells calls apart.
const callHeader = "Test-Call"

// service is the server behind a proxy. It records what reaches it.
type service struct {
	address string

	mu    sync.Mutex // guards calls
	calls map[string]*received
}

// received is a request as the service got it.
type received struct {
	method, host, target, body string
	header                     http.Header
}

func startService(t *testing.T) *service {
	t.Helper()
	s := &service{calls: map[string]*received{}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		s.mu.Lock()
		s.calls[r.Header.Get(callHeader)] = &received{r.Method, r.Host, r.RequestURI, string(body), r.Header.Clone()}
		s.mu.Unlock()
		_, _ = io.WriteString(w, "served")
	}))
	t.Cleanup(server.Close)
	s.address = server.Listener.Addr().String()
	return s
}

// received returns the call as the service got it, nil if it got none.
func (s *service) received(call string) *received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[call]
}

// identityHeader matches the guard's headers in every spelling that CGI and its successors, such as
// WSGI and PHP, treat alike: they do not distinguish characters other than letters and digits.
var identityHeader = regexp.MustCompile(`(?i)^x[^a-z0-9]auth[^a-z0-9]`)

// identity returns the guard's headers that the service got with a value, and requires that each
// came once and in no other spelling. nginx drops empty headers; the other proxies pass them on.
func (r *received) identity(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for name, values := range r.header {
		if identityHeader.MatchString(name) {
			require.True(t, strings.HasPrefix(name, "X-Auth-"), "%s: %s", name, values)
			require.Len(t, values, 1, name)
			if values[0] != "" {
				found[name] = values[0]
			}
		}
	}
	return found
}

// withheld are the headers that the service must not see in any spelling: the token, and those that
// make frameworks use a path or method other than that of the request.
var withheld = []string{"authorization", "x-original-url", "x-rewrite-url", "x-http-method-override", "x-http-method", "x-method-override"}

// requireClean fails the test if the service got a withheld header.
func (r *received) requireClean(t *testing.T) {
	t.Helper()
	for name := range r.header {
		require.NotContains(t, withheld, strings.NewReplacer("_", "-", ".", "-").Replace(strings.ToLower(name)), name)
	}
}
