package graph_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/graph"
	"github.com/seed-ac726066/aztoken/internal/graph/graphtest"
)

// client returns one of a fake without a socket.
func client(t *testing.T, transport policy.Transporter) *graph.Client {
	t.Helper()
	c, err := graph.New(graph.Options{Credential: graphtest.Credential{}, Transport: transport})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// transporter answers without a fake.
type transporter func(*http.Request) (*http.Response, error)

func (f transporter) Do(r *http.Request) (*http.Response, error) { return f(r) }

// saying answers every request with a status and a body.
func saying(status int, body string) transporter {
	return func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	}
}

// TestClientFind: an object is found by each of its names.
func TestClientFind(t *testing.T) {
	t.Parallel()
	const armID = "/subscriptions/s/resourceGroups/RG/providers/Microsoft.ManagedIdentity/userAssignedIdentities/o'brien"
	g := graphtest.New(nil)
	name := "o'brien & söhne/1+1=2?"
	app := g.AddApplication(graphtest.Application{DisplayName: name, UniqueName: &name, IdentifierURIs: []string{"api://o'brien"}})
	g.AddApplication(graphtest.Application{DisplayName: "another"})
	worker := g.AddManagedIdentity(name, armID)
	c, ctx := client(t, g), t.Context()

	byID, err := c.Application(ctx, app.ID)
	require.NoError(t, err)
	require.Equal(t, app.AppID, byID.AppID)
	byAppID, err := c.ApplicationByAppID(ctx, app.AppID)
	require.NoError(t, err)
	require.Equal(t, app.ID, byAppID.ID)
	byName, err := c.ApplicationByUniqueName(ctx, name)
	require.NoError(t, err)
	require.Equal(t, app.ID, byName.ID)
	for _, find := range []func() ([]graph.Application, error){
		func() ([]graph.Application, error) { return c.ApplicationsByDisplayName(ctx, name) },
		func() ([]graph.Application, error) { return c.ApplicationsByURI(ctx, "api://o'brien") },
	} {
		found, err := find()
		require.NoError(t, err)
		require.Len(t, found, 1)
		require.Equal(t, app.ID, found[0].ID)
	}
	for _, find := range []func() ([]graph.ServicePrincipal, error){
		func() ([]graph.ServicePrincipal, error) { return c.ManagedIdentitiesByDisplayName(ctx, name) },
		func() ([]graph.ServicePrincipal, error) { return c.ServicePrincipalsByResourceID(ctx, armID) },
	} {
		found, err := find()
		require.NoError(t, err)
		require.Len(t, found, 1)
		require.Equal(t, worker.ID, found[0].ID)
		require.Equal(t, strings.Replace(armID, "resourceGroups", "resourcegroups", 1), found[0].ResourceID())
	}
	_, err = c.ServicePrincipalByAppID(ctx, "c0000000-0000-4000-8000-000000000099")
	require.ErrorIs(t, err, graph.ErrNotFound)
}

func TestClientPages(t *testing.T) {
	t.Parallel()
	g := graphtest.New(&graphtest.Options{PageSize: 3})
	service := g.AddServicePrincipal(graphtest.Principal{DisplayName: "orders-api"})
	for range 10 {
		worker := g.AddManagedIdentity("worker", "")
		g.AddAssignment(graphtest.Assignment{PrincipalID: worker.ID, ResourceID: service.ID})
	}
	all, err := client(t, g).AssignmentsTo(t.Context(), service.ID)
	require.NoError(t, err)
	require.Len(t, all, 10)
	require.Len(t, g.Requests(), 4)
}

// TestClientTokenHost: the token is sent to no other host.
func TestClientTokenHost(t *testing.T) {
	t.Parallel()
	for name, next := range map[string]string{
		"another host":     "https://graph.microsoft.com.evil.example/v1.0/x",
		"another scheme":   "http://graph.microsoft.com/v1.0/x",
		"another port":     "https://graph.microsoft.com:8443/v1.0/x",
		"user information": "https://x@graph.microsoft.com/v1.0/x",
		"no address":       "::",
		"a path alone":     "/v1.0/x",
	} {
		asked := 0
		c := client(t, transporter(func(r *http.Request) (*http.Response, error) {
			asked++
			return saying(200, `{"value":[],"@odata.nextLink":"`+next+`"}`)(r)
		}))
		_, err := c.AssignmentsTo(t.Context(), "x")
		require.ErrorContains(t, err, "another host", name)
		require.Equal(t, 1, asked, name)
	}
	for _, endpoint := range []string{"http://graph.example", "https://10.0.0.1", "http://127.0.0.1.example", "ftp://127.0.0.1", "127.0.0.1:1", "http://"} {
		_, err := graph.New(graph.Options{Credential: graphtest.Credential{}, Endpoint: endpoint})
		require.ErrorContains(t, err, "Options.Endpoint", endpoint)
	}
	_, err := graph.New(graph.Options{})
	require.ErrorContains(t, err, "Options.Credential")
}

func TestClientRedirect(t *testing.T) {
	t.Parallel()
	asked := 0
	c := client(t, &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		asked++
		resp, err := saying(307, "")(r)
		resp.Header.Set("Location", "https://evil.example")
		return resp, err
	})})
	_, err := c.Application(t.Context(), "x")
	require.ErrorContains(t, err, "307")
	require.Equal(t, 1, asked)
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestClientMaxPages(t *testing.T) {
	t.Parallel()
	asked := 0
	c := client(t, transporter(func(r *http.Request) (*http.Response, error) {
		asked++
		return saying(200, `{"value":[{}],"@odata.nextLink":"https://graph.microsoft.com/v1.0/again"}`)(r)
	}))
	_, err := c.AssignmentsTo(t.Context(), "x")
	require.ErrorContains(t, err, "implausibly many pages")
	require.Equal(t, 1000, asked)
}

func TestClientForeignAnswer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
		want   string
	}{
		"a page":         {200, "<html>", "no proxy"},
		"an empty one":   {200, "", "no proxy"},
		"a list":         {200, "[]", "no proxy"},
		"nothing in it":  {200, "{}", "has no id"},
		"an error page":  {403, "<html>", "no proxy"},
		"an empty error": {400, `{"error":{}}`, "no proxy"},
		"a flood":        {200, strings.Repeat(" ", 1<<20) + "{}", "larger than 1 MiB"},
	} {
		synctest.Test(t, func(t *testing.T) { // a body that breaks off is asked for again
			_, err := client(t, saying(c.status, c.body)).Application(t.Context(), "x")
			require.ErrorContains(t, err, c.want, name)
		})
	}
}

func TestError(t *testing.T) {
	t.Parallel()
	g := graphtest.New(&graphtest.Options{Permissions: []string{graphtest.ReadApplications}})
	_, err := client(t, g).Register(t.Context(), "orders-api", "orders-api", 2)
	require.EqualError(t, err, "403 Forbidden: Authorization_RequestDenied: Insufficient privileges to complete the operation: "+
		"request id 4e000000-0000-4000-8000-000000000001; the signed-in account needs the Graph permission "+
		"Application.ReadWrite.OwnedBy (for applications that the caller owns) or Application.ReadWrite.All, or as a user the role Cloud Application Administrator")
	require.Equal(t, graph.Forbidden, graph.KindOf(err))

	err = client(t, saying(400, `{"error":{"code":"x","message":"eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.secret\nforged line","innerError":{"request-id":"r"}}}`)).
		SetTokenVersion(t.Context(), "x", 2)
	require.EqualError(t, err, "400 Bad Request: x: REDACTED forged line: request id r")
}

func TestClientThrottling(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := graphtest.New(nil)
		app := g.AddApplication(graphtest.Application{DisplayName: "orders-api"})
		var told []time.Duration
		c, err := graph.New(graph.Options{
			Credential: graphtest.Credential{}, Transport: g, OnThrottled: func(d time.Duration) { told = append(told, d) },
		})
		require.NoError(t, err)
		g.Throttle(3, 40*time.Second)
		start := time.Now()
		_, err = c.Application(t.Context(), app.ID)
		require.NoError(t, err)
		require.Equal(t, 2*time.Minute, time.Since(start))
		require.Equal(t, []time.Duration{40 * time.Second, 40 * time.Second, 40 * time.Second}, told)

		g.Throttle(100, time.Hour)
		start = time.Now()
		_, err = c.Application(t.Context(), app.ID)
		require.Equal(t, graph.Throttled, graph.KindOf(err), "nobody waits for an hour")
		var e *graph.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, time.Hour, e.RetryAfter)
		require.Zero(t, time.Since(start))
	})
}

// TestClientNoAnswer: a request without an answer is retried, then reported.
func TestClientNoAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		c := client(t, transporter(func(*http.Request) (*http.Response, error) {
			asked++
			return nil, errors.New("no route")
		}))
		start := time.Now()
		_, err := c.Application(t.Context(), "x")
		require.ErrorContains(t, err, "no route; check that Microsoft Graph can be reached from here")
		require.Equal(t, 5, asked)
		require.Less(t, time.Since(start), time.Minute)

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = c.Application(ctx, "x")
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

// refusing is a credential that has no token.
type refusing struct{ asked *int }

func (r refusing) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	*r.asked++
	return azcore.AccessToken{}, errors.New("not signed in")
}

// TestSignInError: a failed sign-in is not retried.
func TestSignInError(t *testing.T) {
	t.Parallel()
	asked := 0
	c, err := graph.New(graph.Options{Credential: refusing{&asked}, Transport: graphtest.New(nil)})
	require.NoError(t, err)
	_, err = c.Application(t.Context(), "x")
	require.EqualError(t, err, "no token for Microsoft Graph: not signed in")
	require.ErrorAs(t, err, new(*graph.SignInError))
	require.Equal(t, 1, asked)
}

func TestCloud(t *testing.T) {
	t.Parallel()
	for host, cloud := range map[string]graph.Cloud{
		"graph.microsoft.com": graph.Public(), "graph.microsoft.us": graph.USGovernment(), "microsoftgraph.chinacloudapi.cn": graph.China(),
	} {
		g := graphtest.New(&graphtest.Options{Host: host}) // accepts tokens for no other
		app := g.AddApplication(graphtest.Application{DisplayName: "orders-api"})
		asked := ""
		c, err := graph.New(graph.Options{Credential: graphtest.Credential{}, Cloud: cloud, Transport: transporter(func(r *http.Request) (*http.Response, error) {
			asked = r.URL.Scheme + "://" + r.URL.Host
			return g.Do(r)
		})})
		require.NoError(t, err)
		_, err = c.Application(t.Context(), app.ID)
		require.NoError(t, err)
		require.Equal(t, "https://"+host, asked)
	}
}

// TestSetAppRoles: roles are written back as they were read.
func TestSetAppRoles(t *testing.T) {
	t.Parallel()
	g := graphtest.New(nil)
	old := graphtest.Role{
		ID: "e0000000-0000-4000-8000-000000000001", Value: "admin", DisplayName: "Admin", Description: "Admins", AllowedMemberTypes: []string{"User"},
		IsEnabled: true, Origin: "Application",
	}
	app := g.AddApplication(graphtest.Application{DisplayName: "orders-api", AppRoles: []graphtest.Role{old}})
	c := client(t, g)
	read, err := c.Application(t.Context(), app.ID)
	require.NoError(t, err)
	roles := append(read.AppRoles, graph.AppRole{
		ID: "e0000000-0000-4000-8000-000000000002", Value: "consumer", DisplayName: "Consumer", Description: "Consumers",
		AllowedMemberTypes: []string{"Application"}, IsEnabled: true,
	})
	require.NoError(t, c.SetAppRoles(t.Context(), app.ID, roles))
	require.Equal(t, old, g.Applications()[0].AppRoles[0], "with the member that is not known here")
	require.Equal(t, "consumer", g.Applications()[0].AppRoles[1].Value)
	require.ErrorContains(t, c.SetAppRoles(t.Context(), app.ID, roles[1:]), "CannotDeleteOrUpdateEnabledEntitlement")
}
