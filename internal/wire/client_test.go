package wire_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azlog "github.com/Azure/azure-sdk-for-go/sdk/azcore/log"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/seed-ac726066/aztoken/internal/wire"
	"github.com/stretchr/testify/require"
)

const goodReply = `{"access_token":"secret-token","expires_in":"86400","token_type":"Bearer"}`

func get(t *testing.T, opts azcore.ClientOptions, address string) (azcore.AccessToken, error) {
	t.Helper()
	c, err := wire.NewClient(wire.Config{Module: "aztoken", Version: "v0.0.1", Options: opts})
	require.NoError(t, err)
	defer c.Close()
	req, err := runtime.NewRequest(t.Context(), http.MethodGet, address)
	require.NoError(t, err)
	return c.Token(req)
}

func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return srv
}

// roundTrip is a Transport without a network.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
func (f roundTrip) Do(r *http.Request) (*http.Response, error)        { return f(r) }

func TestClientProxy(t *testing.T) {
	t.Parallel()
	srv := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, goodReply) })
	proxy := func(*http.Request) (*url.URL, error) { return nil, errors.New("the proxy was asked for") }
	for name, transport := range map[string]policy.Transporter{
		"our own client":                 nil,
		"the caller's, with a proxy":     &http.Client{Transport: &http.Transport{Proxy: proxy}},
		"the caller's, default settings": &http.Client{},
	} {
		_, err := get(t, azcore.ClientOptions{Transport: transport}, srv.URL)
		require.NoError(t, err, name)
	}
}

func TestClientRedirect(t *testing.T) {
	t.Parallel()
	thief := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the redirect was followed") })
	for code := 300; code < 309; code++ {
		srv := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", thief.URL)
			w.WriteHeader(code)
		})
		for _, transport := range []policy.Transporter{nil, &http.Client{}, &http.Client{Transport: roundTrip(http.DefaultTransport.RoundTrip)}} {
			_, err := get(t, azcore.ClientOptions{Transport: transport}, srv.URL)
			var f *wire.Failure
			require.ErrorAs(t, err, &f)
			require.Equal(t, code, f.StatusCode)
			require.Contains(t, f.Description, "not followed")
			require.False(t, f.Retry)
		}
	}
}

// TestClientForeignReply: a reply from another host is rejected.
func TestClientForeignReply(t *testing.T) {
	t.Parallel()
	target := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, goodReply) })
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, target.URL, http.StatusFound) })
	_, err := get(t, azcore.ClientOptions{Transport: roundTrip(http.DefaultClient.Do)}, srv.URL)
	require.ErrorContains(t, err, "followed a redirect")
}

// TestClientRedirectBody: the body of a followed redirect is closed.
func TestClientRedirectBody(t *testing.T) {
	t.Parallel()
	body := &watched{Reader: strings.NewReader(goodReply)}
	_, err := get(t, azcore.ClientOptions{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		r.Response = &http.Response{StatusCode: http.StatusFound}
		return &http.Response{StatusCode: http.StatusOK, Request: r, Body: body}, nil
	})}, "http://imds.test")
	require.ErrorContains(t, err, "followed a redirect")
	require.True(t, body.closed)
}

type watched struct {
	io.Reader
	closed bool
}

func (w *watched) Close() error { w.closed = true; return nil }

func TestAnswerJSON(t *testing.T) {
	t.Parallel()
	for body, isJSON := range map[string]bool{`{"access_token":""}`: true, `{}`: true, `{"access_token":"t","exp`: true, `<html>`: false, ``: false, `[]`: false} {
		srv := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) })
		_, err := get(t, azcore.ClientOptions{}, srv.URL)
		var f *wire.Failure
		require.ErrorAs(t, err, &f)
		require.Equal(t, http.StatusOK, f.StatusCode)
		require.Equal(t, isJSON, f.JSON, body)
		require.False(t, f.Retry)
	}
}

func TestClientMaxHeader(t *testing.T) {
	t.Parallel()
	srv := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", strings.Repeat("x", 1<<20))
		_, _ = io.WriteString(w, goodReply)
	})
	_, err := get(t, azcore.ClientOptions{}, srv.URL)
	require.ErrorContains(t, err, "header")
}

func TestClientMaxBody(t *testing.T) {
	t.Parallel()
	var sent int
	done := make(chan struct{})
	srv := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		defer close(done)
		chunk := strings.Repeat(" ", 1<<16)
		for sent < 300<<20 {
			n, err := io.WriteString(w, chunk)
			if sent += n; err != nil {
				return
			}
		}
	})
	_, err := get(t, azcore.ClientOptions{}, srv.URL)
	var f *wire.Failure
	require.ErrorAs(t, err, &f)
	require.False(t, f.Retry)
	require.ErrorContains(t, err, "1 MiB")
	<-done
	require.Less(t, sent, 64<<20, "what the sockets buffer, and no more")

	exact := goodReply + strings.Repeat(" ", 1<<20-len(goodReply))
	for body, ok := range map[string]bool{exact: true, exact + " ": false} {
		srv := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) })
		_, err := get(t, azcore.ClientOptions{}, srv.URL)
		require.Equal(t, ok, err == nil)
	}
}

func TestRefusal(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		status     int
		retryAfter string
		body       string
		want       wire.Failure
	}{
		{400, "", `{"error":"invalid_request","error_description":"Identity not found"}`, wire.Failure{StatusCode: 400, Code: "invalid_request", Description: "Identity not found", JSON: true, FromEndpoint: true}},
		{400, "", `{"error":"Bad request. api-version is invalid","newest-versions":["2025-04-07"]}`, wire.Failure{StatusCode: 400, Code: "Bad request. api-version is invalid", JSON: true}},
		{400, "", `{"error":{"code":"bad_resource","message":"no such resource"}}`, wire.Failure{StatusCode: 400, Code: "bad_resource", Description: "no such resource", JSON: true, FromEndpoint: true}},
		{400, "", `{"statusCode":400,"message":"no identity","correlationId":"x"}`, wire.Failure{StatusCode: 400, Description: "no identity", RequestID: "x", JSON: true, FromEndpoint: true}},
		{400, "", `{"StatusCode":400,"Message":"No MSI found","CorrelationId":"x"}`, wire.Failure{StatusCode: 400, Description: "No MSI found", RequestID: "x", JSON: true, FromEndpoint: true}},
		{401, "", `{"error":"invalid_client","error_description":"AADSTS70021: no","error_codes":[70021,1]}`, wire.Failure{StatusCode: 401, Code: "invalid_client", EntraCodes: []int{70021, 1}, Description: "AADSTS70021: no", Retry: true, MaxRetries: 2, JSON: true, FromEndpoint: true}},
		{400, "", `{"error":"x","error_codes":[1,"two"]}`, wire.Failure{StatusCode: 400, Code: "x", JSON: true, FromEndpoint: true}},
		{400, "", `{"error":"x","message":"second","error_description":"first"}`, wire.Failure{StatusCode: 400, Code: "x", Description: "first", JSON: true, FromEndpoint: true}},
		{201, "", goodReply, wire.Failure{StatusCode: 201, JSON: true}},
		{400, "", `{"error":{}}`, wire.Failure{StatusCode: 400, JSON: true}},
		{400, "", `null`, wire.Failure{StatusCode: 400, JSON: true}},
		{401, "", `{}`, wire.Failure{StatusCode: 401, JSON: true}},
		{403, "", "connecting to 169.254.169.254:80:\n\tunreachable network", wire.Failure{StatusCode: 403, Description: "connecting to 169.254.169.254:80: unreachable network"}},
		{404, "", ``, wire.Failure{StatusCode: 404, Retry: true}},
		{405, "", ``, wire.Failure{StatusCode: 405}},
		{408, "", ``, wire.Failure{StatusCode: 408, Retry: true}},
		{410, "70", ``, wire.Failure{StatusCode: 410, Retry: true, RetryAfter: 70 * time.Second}},
		{429, "5", `slow down`, wire.Failure{StatusCode: 429, Retry: true, RetryAfter: 5 * time.Second, Description: "slow down"}},
		{429, "99999999999999", ``, wire.Failure{StatusCode: 429, Retry: true}},
		{429, "-5", ``, wire.Failure{StatusCode: 429, Retry: true}},
		{429, "soon", ``, wire.Failure{StatusCode: 429, Retry: true}},
		{429, "Mon, 02 Jan 2006 15:04:05 GMT", ``, wire.Failure{StatusCode: 429, Retry: true}},
		{500, "", `{"error":"unknown","error_description":"Failed to retrieve token"}`, wire.Failure{StatusCode: 500, Retry: true, Code: "unknown", Description: "Failed to retrieve token", JSON: true, FromEndpoint: true}},
		{503, "", `<html>` + strings.Repeat("é", 1000), wire.Failure{StatusCode: 503, Retry: true, Description: "<html>" + strings.Repeat("é", 397) + "…"}},
		{500, "", `your token eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.e30.sig was bad`, wire.Failure{StatusCode: 500, Retry: true, Description: "your token REDACTED was bad"}},
		{599, "", "\x00\x1b[31mred\u202e", wire.Failure{StatusCode: 599, Retry: true, Description: "[31mred"}},
	} {
		t.Run(fmt.Sprint(tc.status, tc.body[:min(20, len(tc.body))]), func(t *testing.T) {
			t.Parallel()
			transport := roundTrip(func(*http.Request) (*http.Response, error) {
				h := http.Header{"Retry-After": {tc.retryAfter}}
				return &http.Response{StatusCode: tc.status, Header: h, Body: io.NopCloser(strings.NewReader(tc.body))}, nil
			})
			_, err := get(t, azcore.ClientOptions{Transport: transport}, "http://imds.test")
			var f *wire.Failure
			require.ErrorAs(t, err, &f)
			require.Equal(t, tc.want, *f)
		})
	}
}

// Endpoints quote the header that they refuse.
func TestRefusalQuotesNoSecret(t *testing.T) {
	t.Parallel()
	const secret = "5ecret+5ecret=="
	for header, value := range map[string]string{
		"X-IDENTITY-HEADER": secret, "Secret": secret, "secret": secret, "Authorization": "Basic " + secret,
	} {
		for _, body := range []string{
			"Invalid secret token header: %s.", `{"error":"%[1]s","error_description":"%[1]s"}`,
			`{"error":{"code":"%[1]s","message":"a %[1]s b"}}`, `{"statusCode":400,"message":"%s","correlationId":"x"}`, "<html>" + strings.Repeat("x", 780) + "%s",
			`{"error":"invalid_request","error_description":"%[2]s"}`,
		} {
			c, err := wire.NewClient(wire.Config{Module: "aztoken", Version: "v0.0.1", Options: azcore.ClientOptions{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: 400, Body: io.NopCloser(strings.NewReader(fmt.Sprintf(body+"%.0[2]s", secret, strings.ReplaceAll(secret, "+", `\u002B`))))}, nil
			})}})
			require.NoError(t, err)
			req, err := runtime.NewRequest(t.Context(), http.MethodGet, "http://imds.test")
			require.NoError(t, err)
			req.Raw().Header.Set(header, value)
			_, err = c.Token(req)
			require.ErrorContains(t, err, "REDA")
			require.NotContains(t, err.Error(), secret[:6])
		}
	}
}

func TestNoAnswer(t *testing.T) {
	t.Parallel()
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("refused")}
	for _, tc := range []struct {
		name               string
		err                error
		retry, unreachable bool
	}{
		{"refused", refused, true, true},
		{"refused, as an http.Client tells it", &url.Error{Op: "Get", URL: "http://imds.test/?resource=x", Err: refused}, true, true},
		{"cut", io.ErrUnexpectedEOF, true, false},
		{"reset", &net.OpError{Op: "read", Err: errors.New("reset")}, true, false},
		{"no answer in time", context.DeadlineExceeded, true, false},
	} {
		_, err := get(t, azcore.ClientOptions{Transport: roundTrip(func(*http.Request) (*http.Response, error) { return nil, tc.err })}, "http://imds.test")
		var f *wire.Failure
		require.ErrorAs(t, err, &f, tc.name)
		require.Equal(t, tc.retry, f.Retry, tc.name)
		require.Equal(t, tc.unreachable, f.Unreachable, tc.name)
		require.NotErrorIs(t, err, context.DeadlineExceeded, "it is not the caller's deadline that ended")
		require.NotContains(t, err.Error(), "imds.test", "the reader of the message knows the endpoint")
	}
	_, err := get(t, azcore.ClientOptions{Transport: roundTrip(func(*http.Request) (*http.Response, error) { return nil, context.DeadlineExceeded })}, "http://imds.test")
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	_, err = get(t, azcore.ClientOptions{Transport: roundTrip(func(*http.Request) (*http.Response, error) { return nil, nil })}, "http://imds.test")
	require.ErrorContains(t, err, "neither a response nor an error")
}

// This test listens to azcore's global log and so runs alone.
func TestClientLog(t *testing.T) {
	var mu sync.Mutex
	var log strings.Builder
	azlog.SetListener(func(_ azlog.Event, message string) {
		mu.Lock()
		defer mu.Unlock()
		log.WriteString(message)
	})
	defer azlog.SetListener(nil)
	srv := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, goodReply)
	})
	opts := azcore.ClientOptions{
		Logging:         policy.LogOptions{IncludeBody: true, AllowedHeaders: []string{"SECRET", "x-identity-header", "authorization", "Metadata"}},
		PerCallPolicies: []policy.Policy{setHeaders{"Metadata": "true", "Secret": "s3cr3t", "X-Identity-Header": "s3cr3t", "Authorization": "Basic s3cr3t"}},
	}
	_, err := get(t, opts, srv.URL+"?resource=https://vault.azure.net&clientid=id-1&client_id=id-2&object_id=id-3&msi_res_id=id-4&mi_res_id=id-5&principalId=id-6")
	require.NoError(t, err)
	mu.Lock()
	defer mu.Unlock()
	require.Contains(t, log.String(), "Metadata: true", "the log works")
	require.Contains(t, log.String(), "vault.azure.net")
	for _, id := range []string{"id-1", "id-2", "id-3", "id-4", "id-5", "id-6"} {
		require.Contains(t, log.String(), id, "which identity is asked for is no secret, on whatever host")
	}
	require.NotContains(t, log.String(), "s3cr3t")
	require.NotContains(t, log.String(), "secret-token")
}

type setHeaders map[string]string

func (h setHeaders) Do(req *policy.Request) (*http.Response, error) {
	for k, v := range h {
		req.Raw().Header.Set(k, v)
	}
	return req.Next()
}
