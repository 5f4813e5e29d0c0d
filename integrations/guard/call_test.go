package guard_test

import (
	"bufio"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// call is a request to the proxy, sent byte for byte: a client of net/http would normalize it.
type call struct {
	method string // empty: GET
	target string // empty: /orders/1
	host   string // empty: orders.example
	token  string // empty: none
	header []string
	body   string

	chunked bool   // sends the body chunked
	trailer string // after the body
}

// String returns the call without its token.
func (c call) String() string {
	return fmt.Sprintf("%s %s of %q, %v, a token: %t", c.method, c.target, c.host, c.header, c.token != "")
}

// reply is the result of a call.
type reply struct {
	status  int
	header  http.Header
	body    string
	reached *received // what the service got, nil if nothing did
}

// patience is how long a caller waits for an answer; the guard takes ten seconds without keys.
const patience = 20 * time.Second

func (c call) text(id string) string {
	or := func(value, other string) string {
		if value == "" {
			return other
		}
		return value
	}
	lines := []string{
		or(c.method, http.MethodGet) + " " + or(c.target, "/orders/1") + " HTTP/1.1",
		"Host: " + or(c.host, "orders.example"), callHeader + ": " + id,
	}
	if c.token != "" {
		lines = append(lines, "Authorization: Bearer "+c.token)
	}
	lines = append(lines, c.header...)
	body := c.body
	switch {
	case c.chunked:
		lines = append(lines, "Transfer-Encoding: chunked")
		body = fmt.Sprintf("%x\r\n%s\r\n0\r\n%s\r\n", len(body), body, c.trailer)
	case body != "":
		lines = append(lines, fmt.Sprintf("Content-Length: %d", len(body)))
	}
	return strings.Join(lines, "\r\n") + "\r\n\r\n" + body
}

// do sends a call through the proxy.
func (s *stand) do(t *testing.T, c call) reply {
	t.Helper()
	id := rand.Text()
	conn, err := net.Dial("tcp", s.at.proxy)
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	_, err = io.WriteString(conn, c.text(id))
	require.NoError(t, err)
	method := c.method
	if method == "" {
		method = http.MethodGet
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	require.NoError(t, err, "%v", c)
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return reply{resp.StatusCode, resp.Header, string(body), s.service.received(id)}
}

// requirePassed fails the test unless the service got the call with the caller's identity and
// nothing that could be mistaken for an identity.
func (s *stand) requirePassed(t *testing.T, c call, who identity) *received {
	t.Helper()
	got := s.do(t, c)
	require.Equal(t, http.StatusOK, got.status, "%v: %+v", c, got)
	require.NotNil(t, got.reached)
	require.Equal(t, who.headers(), got.reached.identity(t))
	got.reached.requireClean(t)
	return got.reached
}

// requireRefused fails the test unless the call was answered with one of these statuses and did not
// reach the service.
func (s *stand) requireRefused(t *testing.T, c call, statuses ...int) reply {
	t.Helper()
	got := s.do(t, c)
	require.Contains(t, statuses, got.status, "%v: %+v", c, got)
	require.Nil(t, got.reached, "%v", c)
	return got
}
