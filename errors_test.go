package aztoken_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	azruntime "github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/internal/pages"
)

func TestError(t *testing.T) {
	t.Parallel()
	t.Run("has the sentinel and the advice", func(t *testing.T) {
		t.Parallel()
		two := []imdstest.Identity{{ClientID: "c0000000-0000-4000-8000-00000000000a"}, {ClientID: "c0000000-0000-4000-8000-00000000000b"}}
		for _, tc := range []struct {
			name     string
			imds     imdstest.Options
			id       aztoken.ID
			status   int
			code     string
			sentinel error
			advice   string
		}{
			{"none assigned", imdstest.Options{Identities: []imdstest.Identity{}}, nil, 400, "invalid_request", aztoken.ErrIdentityNotFound, "assign the identity"},
			{"another one", imdstest.Options{}, aztoken.ClientID("c0000000-0000-4000-8000-0000000000ff"), 400, "invalid_request", aztoken.ErrIdentityNotFound, "correct its id; a new assignment takes some minutes (Options.ID)"},
			{"several", imdstest.Options{Identities: two}, nil, 400, "invalid_request", aztoken.ErrIdentityAmbiguous, "name the one to use by its client id, object id or resource id (Options.ID)"},
			{"unknown resource", imdstest.Options{Resources: []string{"https://vault.azure.net"}}, nil, 400, "invalid_resource", nil, "check the resource"},
		} {
			t.Run(tc.name, func(t *testing.T) {
				t.Parallel()
				c := over(t, imdstest.New(&tc.imds), aztoken.Options{ID: tc.id})
				_, err := c.Token(t.Context(), resource)
				var e *aztoken.Error
				require.ErrorAs(t, err, &e)
				require.Equal(t, tc.status, e.StatusCode)
				require.Equal(t, tc.code, e.Code)
				require.NotEmpty(t, e.Description)
				if tc.sentinel != nil {
					require.ErrorIs(t, err, tc.sentinel)
				}
				require.ErrorContains(t, err, tc.advice)
			})
		}
	})
	t.Run("of a cause that misbehaves when it is read, is made once and read without harm", func(t *testing.T) {
		t.Parallel()
		var typedNil *azcore.ResponseError
		reads := 0
		for name, cause := range map[string]error{
			"typed nil":     typedNil,
			"a wrapped one": wrapping{typedNil},
			"Error panics":  misread{text: func() string { panic("boom") }},
			"Error panics when it is read again": misread{text: func() string {
				if reads++; reads > 1 {
					panic("boom")
				}
				return "once"
			}},
			"Error exits":       misread{text: func() string { runtime.Goexit(); return "" }},
			"Error is slow":     misread{text: func() string { time.Sleep(time.Hour); return "slow" }},
			"Is and As panic":   explosive{},
			"Error is a secret": misread{text: func() string { return "eyJhbGciOiJSUzI1NiJ9.e30.c2lnbmF0dXJl" }},
		} {
			inVirtualTime(t, name, func(t *testing.T) {
				var logged bytes.Buffer
				var read []string
				c := newClient(t, aztoken.Options{
					Credential: source(func(context.Context) (azcore.AccessToken, error) { return azcore.AccessToken{}, cause }),
					Logger:     slog.New(slog.NewTextHandler(&logged, nil)),
					OnEvent:    func(e aztoken.Event) { read = append(read, e.Err.Error()) },
				})
				_, err := c.Token(t.Context(), resource)
				var e *aztoken.Error
				require.ErrorAs(t, err, &e)
				require.NotErrorIs(t, err, context.DeadlineExceeded)
				synctest.Wait()
				for _, text := range append(read, err.Error(), fmt.Sprintf("%v %+v", err, *e), c.Status().Resources[0].LastError, logged.String()) {
					require.Contains(t, text, "Options.Credential")
					require.NotContains(t, text, "eyJ")
				}
				require.NotEmpty(t, read)
				require.False(t, e.Timeout())
				require.NotErrorIs(t, err, aztoken.ErrClosed, "and nobody panics who compares it")
				time.Sleep(2 * time.Hour)
			})
		}
	})
	inVirtualTime(t, "is the same for all callers, and may be read by all of them at once", func(t *testing.T) {
		// The error caches its text when it is read.
		cause := &azcore.ResponseError{StatusCode: http.StatusForbidden, ErrorCode: "forbidden", RawResponse: &http.Response{}}
		c := ofCredential(t, func(context.Context) (azcore.AccessToken, error) { return azcore.AccessToken{}, cause })
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				_, err := c.Token(t.Context(), resource)
				require.Contains(t, err.Error(), "403")
				require.ErrorIs(t, err, cause)
				_ = c.Status()
			})
		}
		wg.Wait()
	})
	t.Run("unwraps to the error of a credential as it is", func(t *testing.T) {
		t.Parallel()
		cause := &azcore.ResponseError{StatusCode: http.StatusForbidden, ErrorCode: "forbidden", RawResponse: &http.Response{}}
		c := ofCredential(t, func(context.Context) (azcore.AccessToken, error) { return azcore.AccessToken{}, cause })
		_, err := c.Token(t.Context(), resource)
		var got *azcore.ResponseError
		require.ErrorAs(t, err, &got)
		require.Same(t, cause, got)
		var e *aztoken.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, 403, e.StatusCode)
		require.Equal(t, "forbidden", e.Code)
	})
	t.Run("names the identity, the request and what to do", func(t *testing.T) {
		t.Parallel()
		const id = aztoken.ClientID("c0000000-0000-4000-8000-0000000000ff")
		c := over(t, imdstest.New(nil), aztoken.Options{ID: id})
		_, err := c.Token(t.Context(), resource)
		var e *aztoken.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, resource, e.Resource)
		require.Equal(t, id.String(), e.Identity)
		require.Equal(t, c.Status().Host, e.Host)
		require.Contains(t, e.Advice, "correct its id")
		require.True(t, strings.HasSuffix(err.Error(), "; "+e.Advice+" (Options.ID)"), err)
		require.ErrorContains(t, err, "as "+id.String())
	})
}

// azcore's retry policy does not repeat what only the client's own schedule may repeat. This holds
// even for a custom policy, which does not mark errors as azcore's token policy does.
func TestAzcoreDoesNotRetry(t *testing.T) {
	t.Parallel()
	down := imdstest.New(nil)
	down.Break(imdstest.Status(503))
	for name, tc := range map[string]struct {
		imds *imdstest.Server
		want error // nil: an *Error
		prep func(*aztoken.Client)
	}{
		"an outage":                     {down, nil, nil},
		"a client that is closed":       {imdstest.New(nil), aztoken.ErrClosed, func(c *aztoken.Client) { _ = c.Close() }},
		"an identity that is not there": {imdstest.New(&imdstest.Options{Identities: []imdstest.Identity{}}), aztoken.ErrIdentityNotFound, nil},
	} {
		inVirtualTime(t, name, func(t *testing.T) {
			c := over(t, tc.imds, aztoken.Options{})
			if tc.prep != nil {
				tc.prep(c)
			}
			asked := 0
			pipeline := azruntime.NewPipeline("test", "v1.0.0", azruntime.PipelineOptions{
				PerRetry: []policy.Policy{policyFunc(func(req *policy.Request) (*http.Response, error) {
					asked++
					_, err := c.GetToken(req.Raw().Context(), policy.TokenRequestOptions{Scopes: []string{resource + "/.default"}})
					return nil, err
				})},
			}, nil)
			req, err := azruntime.NewRequest(t.Context(), http.MethodGet, resource)
			require.NoError(t, err)
			_, err = pipeline.Do(req)
			if tc.want == nil {
				require.ErrorAs(t, err, new(*aztoken.Error))
			} else {
				require.ErrorIs(t, err, tc.want)
			}
			require.Equal(t, 1, asked)
		})
	}
}

// policyFunc is a policy that is a function.
type policyFunc func(*policy.Request) (*http.Response, error)

func (f policyFunc) Do(req *policy.Request) (*http.Response, error) { return f(req) }

// misread is an error whose text is a function's.
type misread struct{ text func() string }

func (e misread) Error() string { return e.text() }

// wrapping is an error around another one.
type wrapping struct{ error }

func (e wrapping) Unwrap() error { return e.error }

// explosive is an error that panics when it is compared.
type explosive struct{}

func (explosive) Error() string { return "explosive" }
func (explosive) Is(error) bool { panic("boom") }
func (explosive) As(any) bool   { panic("boom") }

// docs/errors.md shows the text of errors, wrapped to the width of a page.
func TestErrorsPageOutput(t *testing.T) {
	t.Parallel()
	blocks, err := pages.CheckedBy("TestErrorsPageOutput")
	require.NoError(t, err)
	require.Len(t, blocks, 1)
	c := over(t, imdstest.New(nil), aztoken.Options{ID: aztoken.ClientID("c0000000-0000-4000-8000-0000000000ff")})
	_, err = c.Token(t.Context(), "https://orders.example.com")
	require.EqualError(t, err, strings.Join(strings.Fields(blocks[0].Text), " "))
}
