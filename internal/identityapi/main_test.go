package identityapi_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/identityapi"
	"github.com/seed-ac726066/aztoken/internal/secret"
)

const (
	vault  = "https://vault.azure.net"
	client = "c0000000-0000-4000-8000-000000000001"
	object = "0b000000-0000-4000-8000-000000000001"
	arm    = "/subscriptions/1/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/a"
	hush   = "the-secret"
)

// source is a Source that gives one answer and remembers what it was asked.
type source struct {
	token   identityapi.Token
	failure *identityapi.Failure
	asked   []identityapi.Request
}

func (s *source) Token(_ context.Context, r identityapi.Request) (identityapi.Token, *identityapi.Failure) {
	s.asked = append(s.asked, r)
	return s.token, s.failure
}

// willing returns a source that has a token for an hour.
func willing() *source {
	now := time.Now().Truncate(time.Second)
	return &source{token: identityapi.Token{
		Value: "ey.token", ExpiresOn: now.Add(time.Hour), NotBefore: now.Add(-time.Hour), FirstLife: 2 * time.Hour,
		ClientID: client, ObjectID: object, ResourceID: arm,
	}}
}

func text(s string) secret.Text { return secret.New(s) }

// request makes a request with parameters in its query, or for a POST in its form.
func request(method, address string, header map[string]string, pairs ...string) *http.Request {
	parameters := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		parameters.Add(pairs[i], pairs[i+1])
	}
	var r *http.Request
	if method == http.MethodPost {
		r = httptest.NewRequest(method, address, strings.NewReader(parameters.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	} else {
		r = httptest.NewRequest(method, address+"?"+parameters.Encode(), nil)
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	return r
}

// serve lets an endpoint answer over net/http.
func serve(e identityapi.Endpoint, s identityapi.Source, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	identityapi.Handler(e, s).ServeHTTP(w, r)
	return w
}

var anyGUID = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// body returns what was answered, with GUID for any.
func body(w *httptest.ResponseRecorder) string {
	return anyGUID.ReplaceAllString(w.Body.String(), "GUID")
}

func members(t *testing.T, w *httptest.ResponseRecorder) map[string]any {
	t.Helper()
	var all map[string]any
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &all), w.Body.String())
	return all
}

// A refusal is what an endpoint makes of a source's failure.
type refusal struct {
	failure identityapi.Failure
	status  int
	says    string // in the body
}

// requireRefusals sends a good request to an endpoint whose source has each failure. All of them
// are told in JSON, which is what clients can read; plain names those that the platform words
// otherwise.
func requireRefusals(t *testing.T, e identityapi.Endpoint, good func() *http.Request, refusals map[string]refusal) {
	t.Helper()
	require.Len(t, refusals, 7, "every reason that a source has")
	for name, c := range refusals {
		w := serve(e, &source{failure: &c.failure}, good())
		require.Equal(t, c.status, w.Code, "%s: %s", name, w.Body)
		require.Contains(t, body(w), c.says, name)
		require.NotContains(t, w.Body.String(), "access_token")
		require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
		if c.failure.RetryAfter > 0 {
			require.Equal(t, "2", w.Header().Get("Retry-After"), name)
		}
		if !strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain") {
			require.NotEmpty(t, members(t, w), name)
		}
	}
}

// The failures of a source, with what is told of each.
var (
	notFound    = identityapi.Failure{Reason: identityapi.IdentityNotFound}
	ambiguous   = identityapi.Failure{Reason: identityapi.IdentityAmbiguous}
	noResource  = identityapi.Failure{Reason: identityapi.ResourceNotFound, Text: "AADSTS50001: not here", Supported: []string{"a", "b"}}
	noRole      = identityapi.Failure{Reason: identityapi.Refused, Number: 501051, Text: "No role."}
	away        = identityapi.Failure{Reason: identityapi.EntraDown}
	unavailable = identityapi.Failure{Reason: identityapi.Unavailable, RetryAfter: 1500 * time.Millisecond}
	throttled   = identityapi.Failure{Reason: identityapi.Throttled, RetryAfter: 2 * time.Second}
)
