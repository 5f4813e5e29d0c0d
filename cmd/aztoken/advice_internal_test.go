package main

import (
	"context"
	"errors"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/verify"
)

// failWith returns the error of a client whose endpoint has a fault.
func failWith(t *testing.T, timeout time.Duration, opts aztoken.Options, machine *imdstest.Options, fault imdstest.Fault) error {
	t.Helper()
	srv := imdstest.New(machine)
	srv.Break(fault)
	if opts.Credential == nil {
		opts.Transport = srv
	}
	client, err := aztoken.NewClient(&opts)
	require.NoError(t, err)
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	_, err = client.Token(ctx, "https://orders.example.com")
	require.Error(t, err)
	return err
}

// broken is a credential that fails.
type broken struct{ err error }

func (b broken) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{}, b.err
}

func TestAdviceFor(t *testing.T) {
	t.Parallel()
	noTools := signInError{
		{&tool{name: "Azure CLI", signIn: "az login"}, errors.New("AzureCLICredential: executable not found on path")},
		{&tool{name: "Azure PowerShell", signIn: "Connect-AzAccount"}, errors.New("no module")},
	}
	application := &aztoken.Federation{TenantID: imdstest.DefaultTenantID, ClientID: imdstest.DefaultApplicationID}
	for name, c := range map[string]struct {
		timeout time.Duration
		opts    aztoken.Options
		machine *imdstest.Options
		fault   imdstest.Fault
		want    string
	}{
		"nothing listens": {
			fault: imdstest.Refused(),
			want: "run on an Azure host that has a managed identity " +
				"(on your own machine add --dev, which uses your sign-in: az login, azd auth login or Connect-AzAccount)",
		},
		"no identity": {
			machine: &imdstest.Options{Identities: []imdstest.Identity{}},
			want: "assign the identity to this host, or correct its id; a new assignment takes some minutes " +
				"(--client-id, --object-id or --resource-id)",
		},
		"several identities": {
			machine: &imdstest.Options{Identities: []imdstest.Identity{{}, {}}},
			want: "name the one to use by its client id, object id or resource id " +
				"(--client-id, --object-id or --resource-id)",
		},
		"an outage, whatever the timeout": {
			fault: imdstest.EntraDown(),
			want:  "the endpoint or Entra ID is down or updating; try again later",
		},
		"an endpoint that hangs": {
			fault: imdstest.Hang(),
			want:  "allow more time with --timeout, or run aztoken doctor to find out why there is no answer",
		},
		"throttling": {
			fault: imdstest.Status(429),
			want:  "the endpoint is throttling: use one client for the whole program, and try again later",
		},
		"an unknown resource": {
			machine: &imdstest.Options{Resources: []string{"https://vault.azure.net"}},
			want: "check the resource: it must be exactly the App ID URI of an application in the identity's tenant " +
				"(the scheme, such as https or api, and a slash at the end matter)",
		},
		"nothing listens, for an application": {
			opts: aztoken.Options{Federation: application}, fault: imdstest.Refused(),
			want: "run on an Azure host that has a managed identity (on your own machine use --dev in place of --app-client-id and --app-tenant)",
		},
		"no identity, for an application": {
			opts: aztoken.Options{Federation: application}, machine: &imdstest.Options{Identities: []imdstest.Identity{}},
			want: "assign the identity to this host, or correct its id; a new assignment takes some minutes " +
				"(--client-id, --object-id or --resource-id)",
		},
		"no application": {
			opts: aztoken.Options{Federation: application}, machine: &imdstest.Options{Applications: []imdstest.Application{}},
			want: "correct the client id or the tenant of the app registration (--app-client-id and --app-tenant)",
		},
		"no tool is signed in": {
			opts: aztoken.Options{Credential: broken{noTools}},
		},
		"a tool that hangs": {
			opts: aztoken.Options{Credential: broken{context.DeadlineExceeded}},
			want: "allow more time with --timeout, or sign in again: az login, azd auth login or Connect-AzAccount",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				err := failWith(t, 15*time.Second, c.opts, c.machine, c.fault)
				require.Equal(t, c.want, adviceFor(err), err.Error())
				require.NotContains(t, messageFor(err), "Options.")
			})
		})
	}
	t.Run("any other error", func(t *testing.T) {
		t.Parallel()
		require.Empty(t, adviceFor(errors.New("aztoken: no file; give one")))
		require.Equal(t, "REDACTED", messageFor(errors.New("eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJhIjoxfQ.c2ln")))
	})
	t.Run("a rejected token", func(t *testing.T) {
		t.Parallel()
		srv := imdstest.New(withoutRoles())
		verifier := srv.Verifier(t, &verify.Options{Audiences: []string{"https://orders.example.com"}})
		for want, token := range map[string]string{
			"pass the complete access token":                                                                       "opaque",
			"check --audience, or request a token for this service":                                                srv.Mint("https://vault.azure.net"),
			"grant the caller the role (aztoken grant); tokens already issued keep their old roles for up to 24 h": srv.Mint("https://orders.example.com"),
			"request a token for the App ID URI of your own service":                                               srv.Mint("https://orders.example.com", func(j *imdstest.JWT) { j.Header["nonce"] = "n" }),
			"get a new token; if it is new, check the clock of this machine":                                       srv.Mint("https://orders.example.com", func(j *imdstest.JWT) { j.Claims["exp"] = time.Now().Add(-time.Hour).Unix() }),
		} {
			_, err := verifier.Authorize(t.Context(), token)
			require.Equal(t, want, adviceFor(err))
			require.NotContains(t, messageFor(err), "Options.")
		}
	})
}

func withoutRoles() *imdstest.Options {
	return &imdstest.Options{Identities: []imdstest.Identity{{SystemAssigned: true}}}
}

func TestMessageFor(t *testing.T) {
	t.Parallel()
	t.Run("names the host, the answer and what to do", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			err := failWith(t, 15*time.Second, aztoken.Options{ID: aztoken.ClientID("c0000000-0000-4000-8000-0000000000ff")}, nil, imdstest.OK())
			require.Equal(t, `aztoken: no token for "https://orders.example.com" as c0000000-0000-4000-8000-0000000000ff `+
				`from IMDS at http://169.254.169.254 (the environment names no other host): 400 Bad Request: invalid_request: Identity not found; `+
				`assign the identity to this host, or correct its id; a new assignment takes some minutes (--client-id, --object-id or --resource-id)`, messageFor(err))
		})
	})
	t.Run("says what was missing for an application's token", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			opts := aztoken.Options{Federation: &aztoken.Federation{TenantID: imdstest.DefaultTenantID, ClientID: imdstest.DefaultApplicationID}}
			err := failWith(t, 15*time.Second, opts, &imdstest.Options{Identities: []imdstest.Identity{}}, imdstest.OK())
			require.Contains(t, messageFor(err), `: no assertion, which is a token for "api://AzureADTokenExchange": 400 Bad Request: invalid_request: Identity not found; `)
		})
	})
	t.Run("keeps what was heard before the deadline", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			err := failWith(t, 5*time.Second, aztoken.Options{}, nil, imdstest.EntraDown())
			require.Contains(t, messageFor(err), "context deadline exceeded")
			require.Contains(t, messageFor(err), ": 500 Internal Server Error: ")
		})
	})
	t.Run("has a line with its cure for each tool of a developer", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			failed := signInError{
				{&tool{name: "Azure CLI", signIn: "az login"}, errors.New("AzureCLICredential: executable not found on path")},
				{&tool{name: "Azure PowerShell", signIn: "Connect-AzAccount"}, errors.New("no module\n\tat all.")},
			}
			err := failWith(t, time.Minute, aztoken.Options{Credential: broken{failed}}, nil, imdstest.OK())
			const want = `aztoken: no token for "https://orders.example.com" from your own sign-in (--dev): no tool is signed in
  Azure CLI: executable not found on path; az login
  Azure PowerShell: no module at all; Connect-AzAccount`
			require.Equal(t, want, messageFor(err))
			require.NotContains(t, oneLine(messageFor(err)), "\n")
		})
	})
}

func TestSource(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"a name for a client id": {[]string{"--client-id=abc"}, `aztoken: --client-id: "abc" is not a client id, which is a GUID (the host is IMDS: `},
		"an empty object id":     {[]string{"--object-id="}, `aztoken: --object-id: empty (the host is IMDS: `},
		"no URL":                 {[]string{"--endpoint=127.0.0.1"}, `aztoken: --endpoint: not the base URL of an identity endpoint; set it to `},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := newToken(&printer{})
			var s source
			require.NoError(t, cmd.ParseFlags(c.args))
			s.changed = cmd.Flags().Changed
			s.clientID, _ = cmd.Flags().GetString("client-id")
			s.objectID, _ = cmd.Flags().GetString("object-id")
			endpoint, _ := cmd.Flags().GetString("endpoint")
			_, err := aztoken.NewClient(&aztoken.Options{ID: s.id(), Endpoint: endpoint, Getenv: func(string) string { return "" }})
			require.ErrorContains(t, s.named(err), c.want)
			require.NotContains(t, s.named(err).Error(), "Options.")
		})
	}
	t.Run("leaves other errors alone", func(t *testing.T) {
		t.Parallel()
		require.NoError(t, new(source).named(nil))
		require.ErrorIs(t, new(source).named(os.ErrNotExist), os.ErrNotExist)
	})
}

func TestDeveloper(t *testing.T) {
	t.Parallel()
	good := func(value string) azcore.TokenCredential { return static(value) }
	opts := policy.TokenRequestOptions{Scopes: []string{"https://r/.default"}}
	t.Run("takes the first tool that has a token, and stays with it", func(t *testing.T) {
		t.Parallel()
		flaky := &counting{}
		d := &developer{tools: []tool{{"one", "sign in", flaky}, {"two", "sign in", good("second")}, {"three", "sign in", good("third")}}}
		for range 2 {
			token, err := d.GetToken(t.Context(), opts)
			require.NoError(t, err)
			require.Equal(t, "second", token.Token)
		}
		require.Equal(t, 1, flaky.calls)
	})
	t.Run("stops at the end of its context", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		d := &developer{tools: []tool{{"one", "sign in", broken{ctx.Err()}}, {"two", "sign in", good("second")}}}
		_, err := d.GetToken(ctx, opts)
		require.ErrorIs(t, err, context.Canceled)
	})
	t.Run("has the tools of azidentity", func(t *testing.T) {
		t.Parallel()
		d, err := newDeveloper()
		require.NoError(t, err)
		require.Len(t, d.tools, 3)
	})
	t.Run("is what the library calls Options.Credential", func(t *testing.T) {
		t.Parallel()
		client, err := aztoken.NewClient(&aztoken.Options{Credential: good("x")})
		require.NoError(t, err)
		defer client.Close()
		require.Equal(t, credentialHost, client.Status().Host)
	})
}

type static string

func (s static) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: string(s), ExpiresOn: time.Now().Add(time.Hour)}, nil
}

type counting struct{ calls int }

func (c *counting) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	c.calls++
	return azcore.AccessToken{}, errors.New("not signed in")
}
