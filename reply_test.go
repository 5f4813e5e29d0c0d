package aztoken_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
)

func TestABadReplyIsAnErrorLeavesNothingAndIsForgotten(t *testing.T) {
	t.Parallel()
	ok := func(body string) imdstest.Fault { return imdstest.Body(200, "application/json", body) }
	faults := map[string]imdstest.Fault{
		"null":           ok(`null`),
		"list":           ok(`[]`),
		"object":         ok(`{}`),
		"empty":          ok(``),
		"HTML":           imdstest.NotJSON(),
		"no token":       ok(`{"expires_in":"3600"}`),
		"empty token":    ok(`{"access_token":"","expires_in":"3600"}`),
		"number":         ok(`{"access_token":1,"expires_in":"3600"}`),
		"space":          ok(`{"access_token":"secret secret","expires_in":"3600"}`),
		"newline":        ok(`{"access_token":"secret\nsecret","expires_in":"3600"}`),
		"pop":            ok(`{"access_token":"secret","expires_in":"3600","token_type":"pop"}`),
		"no expiry":      ok(`{"access_token":"secret"}`),
		"expired":        ok(`{"access_token":"secret","expires_in":"-1"}`),
		"cut JSON":       ok(`{"access_token":"secret","expires_in":"36`),
		"two values":     ok(`{"access_token":"secret","expires_in":"3600"}{}`),
		"cut connection": imdstest.Truncated(),
		"300 MB":         imdstest.Huge(300 << 20),
		"slow body":      imdstest.SlowBody(time.Hour),
	}
	for _, code := range []string{"http://imds.test/elsewhere", "https://thief.example", "//thief.example", "/same"} {
		faults["redirect to "+code] = imdstest.Redirect(code)
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			virtually(t, func(t *testing.T) {
				imds := imdstest.New(nil)
				imds.Break(fault)
				c := over(t, imds, aztoken.Options{})
				_, err := c.Token(t.Context(), resource)
				require.Error(t, err)
				require.NotContains(t, err.Error(), "secret")
				require.Len(t, c.Status().Resources, 1, "while its failure counts")
				imds.Recover()
				time.Sleep(5 * time.Second)
				require.Empty(t, c.Status().Resources)
				_, err = c.Token(t.Context(), resource)
				require.NoError(t, err)
			})
		})
	}
}

// The platform gives one token for a day, and by the clock of this machine it ends some hours too early.
func TestACallerOnAMachineWhoseClockIsAheadMissesNoToken(t *testing.T) {
	virtually(t, func(t *testing.T) {
		begin := time.Now()
		c := overFunc(t, func() string {
			left := 24*time.Hour - time.Since(begin)
			return fmt.Sprintf(`{"access_token":"the-token","expires_in":"%d","expires_on":"%d"}`, left/time.Second, begin.Add(21*time.Hour).Unix())
		})
		requireNoHarm(t, use(t, c, 21*time.Hour-time.Minute))
		time.Sleep(time.Until(begin.Add(21*time.Hour - 5*time.Second)))
		for range 100 {
			_, err := c.Token(t.Context(), resource)
			require.NoError(t, err)
			time.Sleep(100 * time.Millisecond)
		}
	})
}

func TestTheProxyOfTheCallersClientIsNotUsed(t *testing.T) {
	t.Parallel()
	imds := imdstest.NewServer(t, nil)
	opts := aztoken.Options{Endpoint: imds.URL}
	opts.Transport = &http.Client{Transport: &http.Transport{Proxy: func(*http.Request) (*url.URL, error) {
		return nil, errors.New("the proxy was asked for")
	}}}
	c, err := aztoken.NewClient(&opts)
	require.NoError(t, err)
	defer func() { require.NoError(t, c.Close()) }()
	_, err = c.Token(t.Context(), resource)
	require.NoError(t, err)
}

// This test changes the environment and so runs alone.
func TestTheEndpointComesFromTheOptionsThenTheEnvironment(t *testing.T) {
	imds := imdstest.NewServer(t, nil)
	t.Setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", imds.URL+"/")
	c, err := aztoken.NewClient(nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, c.Close()) }()
	_, err = c.Token(t.Context(), resource)
	require.NoError(t, err)
	require.Equal(t, "IMDS at "+imds.URL+" ($AZURE_POD_IDENTITY_AUTHORITY_HOST)", c.Status().Host)

	t.Setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", "not a URL")
	_, err = aztoken.NewClient(nil)
	require.ErrorContains(t, err, "$AZURE_POD_IDENTITY_AUTHORITY_HOST")
	explicit, err := aztoken.NewClient(&aztoken.Options{Endpoint: imds.URL})
	require.NoError(t, err)
	require.NoError(t, explicit.Close())
}

func TestARequestToIMDSIsJustAsDocumented(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		id    aztoken.ID
		query string
	}{
		{nil, "api-version=2018-02-01&resource=https%3A%2F%2Forders.example.com"},
		{aztoken.ClientID("c0000000-0000-4000-8000-000000000001"), "api-version=2018-02-01&client_id=c0000000-0000-4000-8000-000000000001&resource=https%3A%2F%2Forders.example.com"},
		{aztoken.ObjectID("0b000000-0000-4000-8000-000000000001"), "api-version=2018-02-01&object_id=0b000000-0000-4000-8000-000000000001&resource=https%3A%2F%2Forders.example.com"},
		{aztoken.ResourceID("/subscriptions/s"), "api-version=2018-02-01&msi_res_id=%2Fsubscriptions%2Fs&resource=https%3A%2F%2Forders.example.com"},
	} {
		opts := aztoken.Options{ID: tc.id, Getenv: noHost}
		opts.Telemetry.ApplicationID = "orders"
		opts.Transport = handlerTransport(func(w http.ResponseWriter, r *http.Request) {
			require.Equal(t, http.MethodGet, r.Method)
			require.Equal(t, "http://169.254.169.254/metadata/identity/oauth2/token?"+tc.query, r.URL.String())
			require.Equal(t, []string{"true"}, r.Header["Metadata"])
			require.True(t, strings.HasPrefix(r.Header.Get("User-Agent"), "orders azsdk-go-aztoken/v"))
			_, _ = io.WriteString(w, `{"access_token":"token","expires_in":"3600"}`)
		})
		c, err := aztoken.NewClient(&opts)
		require.NoError(t, err)
		_, err = c.Token(t.Context(), resource)
		require.NoError(t, err)
		require.NoError(t, c.Close())
	}
}

func TestMistakesInOptionsAreErrorsOfNewClient(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string]aztoken.Options{
		"an endpoint without a scheme": {Endpoint: "169.254.169.254"},
		"another scheme":               {Endpoint: "ftp://169.254.169.254"},
		"a query":                      {Endpoint: "http://169.254.169.254?x=y"},
		"a user":                       {Endpoint: "http://user:pw@169.254.169.254"},
		"an empty id":                  {ID: aztoken.ClientID("")},
		"an id beside a credential":    {ID: aztoken.ClientID("x"), Credential: credential(nil)},
		"an endpoint beside one":       {Endpoint: "http://169.254.169.254", Credential: credential(nil)},
	} {
		_, err := aztoken.NewClient(&opts)
		require.ErrorContains(t, err, "aztoken: ", name)
		require.NotContains(t, err.Error(), "pw@", name)
	}
}

func TestErrorsOfTheEndpointHaveTheirSentinelAndAdvice(t *testing.T) {
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
}
