package telemetry_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/internal/telemetry"
	"github.com/seed-ac726066/aztoken/verify"
)

func TestOutcome(t *testing.T) {
	t.Parallel()
	for kind, want := range map[aztoken.EventKind]string{
		aztoken.EventAcquired:       telemetry.OK,
		aztoken.EventUnchanged:      telemetry.OK,
		aztoken.EventFailed:         telemetry.Error,
		aztoken.EventRejected:       "",
		aztoken.EventDropped:        "",
		aztoken.EventLoaded:         "",
		aztoken.EventStoreFailed:    "",
		aztoken.EventStoreRecovered: "",
		aztoken.EventManyClients:    "",
		aztoken.EventCallbackFailed: "",
	} {
		require.Equal(t, want, telemetry.Outcome(aztoken.Event{Kind: kind}), kind)
	}
	require.Equal(t, []string{telemetry.OK, telemetry.Error}, telemetry.Outcomes())
}

// The errors are those of a client whose endpoint fails in this way.
func TestErrorType(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fault imdstest.Fault
		want  string
	}{
		"a status":                    {imdstest.Status(503), "503"},
		"a status with a text":        {imdstest.Body(502, "application/json", `{"message":"eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0."}`), "502"},
		"a status of nobody":          {imdstest.Status(599), "599"},
		"a throttle":                  {imdstest.Status(429), "429"},
		"a code":                      {imdstest.Error(400, "invalid_resource", "AADSTS500011"), "invalid_resource"},
		"a code of nobody":            {imdstest.Error(403, "made_up_9437", "text"), "403"},
		"no identity":                 {imdstest.NoDefaultIdentity(), "identity_not_found"},
		"another cloud":               {imdstest.EC2(), "no_managed_identity"},
		"nobody listens, nobody ever": {imdstest.Refused(), "no_managed_identity"},
		"silence":                     {imdstest.Hang(), "timeout"},
		"a closed connection":         {imdstest.Closed(), "no_answer"},
		"Entra is down":               {imdstest.EntraDown(), "500"},
	} {
		virtually(t, name, func(t *testing.T) {
			imds := imdstest.New(nil)
			imds.Break(tc.fault)
			opts := &aztoken.Options{Getenv: func(string) string { return "" }}
			opts.Transport = imds
			require.Equal(t, tc.want, telemetry.ErrorType(failure(t, opts)))
		})
	}
	for name, tc := range map[string]struct {
		cause error
		want  string
	}{
		"of a credential":            {errors.New("no such file"), "no_answer"},
		"of a credential's service":  {&azcore.ResponseError{StatusCode: 403, ErrorCode: "Forbidden"}, "403"},
		"of a credential by a code":  {&azcore.ResponseError{StatusCode: 400, ErrorCode: "invalid_grant"}, "invalid_grant"},
		"of an impossible status":    {&azcore.ResponseError{StatusCode: 9999, ErrorCode: "x"}, "_OTHER"},
		"of a status below all":      {&azcore.ResponseError{StatusCode: 7}, "_OTHER"},
		"of an error that panics":    {panics{}, "no_answer"}, // the client has read it
		"of a code without a status": {&azcore.ResponseError{ErrorCode: "made up"}, "_OTHER"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tc.want, telemetry.ErrorType(failure(t, &aztoken.Options{Credential: failing{tc.cause}})))
		})
	}
	require.Equal(t, "_OTHER", telemetry.ErrorType(nil))
	require.Equal(t, "_OTHER", telemetry.ErrorType(errors.New("foreign")))
}

// failure returns the error of the first event of a client that gets no token.
func failure(t *testing.T, opts *aztoken.Options) error {
	t.Helper()
	failed := make(chan error, 100)
	opts.OnEvent = func(ev aztoken.Event) {
		if ev.Kind == aztoken.EventFailed {
			failed <- ev.Err
		}
	}
	c, err := aztoken.NewClient(opts)
	require.NoError(t, err)
	defer c.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() { _, _ = c.Token(ctx, "https://orders.example.com") }()
	return <-failed
}

type failing struct{ err error }

func (f failing) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{}, f.err
}

// panics is an error whose methods panic.
type panics struct{}

func (panics) Error() string   { return "it panics" }
func (panics) Is(error) bool   { panic("Is") }
func (panics) As(any) bool     { panic("As") }
func (panics) Unwrap() []error { panic("Unwrap") }

func TestReason(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]string{
		verify.ErrKeysUnavailable: "keys_unavailable",
		verify.ErrUnavailable:     "unavailable",
		verify.ErrNoToken:         "no_token",
		verify.ErrMalformed:       "malformed",
		verify.ErrMicrosoftAPI:    "microsoft_api",
		verify.ErrNotAccessToken:  "not_access_token",
		verify.ErrBoundToken:      "bound_token",
		verify.ErrSignature:       "signature",
		verify.ErrIssuer:          "issuer",
		verify.ErrTenant:          "tenant",
		verify.ErrAudience:        "audience",
		verify.ErrExpired:         "expired",
		verify.ErrNotYetValid:     "not_yet_valid",
		verify.ErrCaller:          "caller",
		verify.ErrRole:            "role",
		verify.ErrScope:           "scope",
		http.ErrNoCookie:          "_OTHER",
		panics{}:                  "_OTHER",
	} {
		require.Equal(t, want, telemetry.Reason(err))
		require.Equal(t, want, telemetry.Reason(fmt.Errorf("for somebody: %w", err)))
	}
	require.Equal(t, "_OTHER", telemetry.Reason(nil))
}
