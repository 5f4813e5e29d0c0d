package main_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
)

func TestDoctor(t *testing.T) {
	t.Parallel()
	srv := imdstest.NewServer(t, withRoles("consumer"))
	got := aztoken(t, "doctor", orders, "--endpoint", srv.URL, "--role", "consumer")
	require.Zero(t, got.status, got.stdout+got.stderr)
	require.Empty(t, got.stderr)
	golden(t, "doctor-well.text", got.stdout)

	got = aztoken(t, "doctor", orders+"/.default", "--endpoint", srv.URL, "--output", "json")
	require.Zero(t, got.status, got.stdout+got.stderr)
	golden(t, "doctor-well.json", got.stdout)
}

func TestDoctorHosts(t *testing.T) {
	t.Parallel()
	srv := imdstest.NewServer(t, &imdstest.Options{ArcKeyDir: t.TempDir()})
	for kind, c := range map[string]struct {
		env    imdstest.Environment
		status int
	}{
		"IMDS":                           {env: srv.IMDS()},
		"App Service":                    {env: srv.AppService()},
		"Service Fabric":                 {env: srv.ServiceFabric()},
		"Container Instances on Windows": {env: srv.ContainerInstances()},
		"Cloud Shell":                    {env: srv.CloudShell()},
		"Azure ML":                       {env: srv.AzureML()},
		// Arc's keys may only be in the agent's own directory.
		"Azure Arc":         {env: srv.Arc(), status: 1},
		"workload identity": {env: srv.WorkloadIdentity()},
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			if kind == "workload identity" {
				trustsByFile(t)
			}
			env := append(c.env.Environ(), "SSL_CERT_FILE="+srv.CertificateFile())
			got := invocation{env: env}.run(t, "doctor", orders)
			require.Equal(t, c.status, got.status, got.stdout)
			require.Contains(t, got.stdout, kind+" at ")
			if c.status != 0 {
				require.Contains(t, got.stdout, "✗ request")
				require.Contains(t, got.stdout, "Azure Arc agent")
			}
		})
	}
}

// sick is a problem from the field, and the check that must fail because of it.
type sick struct {
	env    []string
	args   []string
	failed string
	fix    string
}

func TestDoctorProblems(t *testing.T) {
	t.Parallel()
	served := func(opts *imdstest.Options, f ...imdstest.Fault) string {
		srv := imdstest.NewServer(t, opts)
		for _, fault := range f {
			srv.Break(fault)
		}
		return "--endpoint=" + srv.URL
	}
	two := []imdstest.Identity{{}, {}}
	several := imdstest.NewServer(t, &imdstest.Options{Identities: two})
	plain := imdstest.NewServer(t, nil)
	proxied := plainServer(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Via", "1.1 squid")
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	forwarding := plainServer(t, func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set("X-Forwarded-For", "10.0.0.1")
		plain.ServeHTTP(w, r)
	})
	stripping := plainServer(t, func(w http.ResponseWriter, r *http.Request) {
		r.Header.Del("Metadata")
		plain.ServeHTTP(w, r)
	})
	another := plainServer(t, http.NotFound)
	ahead := plainServer(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", time.Now().Add(-10*time.Minute).UTC().Format(http.TimeFormat))
		plain.ServeHTTP(w, r)
	})
	for name, c := range map[string]sick{
		"nothing listens":                {args: []string{"--endpoint=http://127.0.0.1:1"}, failed: "reachable", fix: "aztoken fake"},
		"nothing listens where it says":  {env: imdstest.Environment{"IDENTITY_ENDPOINT": "http://127.0.0.1:1/x", "IDENTITY_HEADER": "h"}.Environ(), failed: "reachable", fix: "$IDENTITY_ENDPOINT"},
		"the connection is closed":       {args: []string{served(nil, imdstest.Closed())}, failed: "reachable", fix: "another program uses this port"},
		"no answer":                      {args: []string{served(nil, imdstest.Hang()), "--timeout=300ms"}, failed: "reachable", fix: "does not answer"},
		"Docker Desktop":                 {args: []string{served(nil, imdstest.Status(403))}, failed: "direct", fix: "Docker Desktop"},
		"a proxy":                        {args: []string{"--endpoint=" + proxied}, failed: "direct", fix: "NO_PROXY"},
		"a captive portal":               {args: []string{served(nil, imdstest.NotJSON())}, failed: "direct", fix: "captive portal"},
		"a redirect":                     {args: []string{served(nil, imdstest.Redirect("https://login.example"))}, failed: "direct", fix: "something else answers"},
		"a proxy that adds its header":   {args: []string{"--endpoint=" + forwarding}, failed: "direct", fix: "X-Forwarded-For"},
		"another web server":             {args: []string{"--endpoint=" + another}, failed: "direct", fix: "something else answers"},
		"a header that is dropped":       {args: []string{"--endpoint=" + stripping}, failed: "request", fix: "drops the header"},
		"a header of another process":    {env: append(plain.AppService().Environ(), "IDENTITY_HEADER=stale"), failed: "request", fix: "$IDENTITY_HEADER"},
		"no federated token":             {env: append(plain.WorkloadIdentity().Environ(), "AZURE_FEDERATED_TOKEN_FILE=/nonexistent"), failed: "request", fix: "webhook mounts"},
		"no identity":                    {args: []string{served(&imdstest.Options{Identities: []imdstest.Identity{}})}, failed: "identity", fix: "assign the identity"},
		"an identity of another host":    {args: []string{served(nil), "--client-id=c0000000-0000-4000-8000-000000000009"}, failed: "identity", fix: "assign the identity"},
		"several identities":             {args: []string{"--endpoint=" + several.URL}, failed: "identity", fix: "--client-id"},
		"an object id for a client id":   {args: []string{served(nil), "--client-id=" + imdstest.DefaultObjectID}, failed: "identity", fix: "pass it as --object-id"},
		"a client id for an object id":   {args: []string{served(nil), "--object-id=" + imdstest.DefaultClientID}, failed: "identity", fix: "pass it as --client-id"},
		"a resource id for a client id":  {args: []string{served(nil), "--client-id=/subscriptions/s"}, failed: "host", fix: "pass it as a resource id"},
		"a client id for a resource id":  {args: []string{served(nil), "--resource-id=" + imdstest.DefaultClientID}, failed: "host", fix: "pass it as a client id"},
		"an id that the host won't take": {env: plain.AzureML().Environ(), args: []string{"--object-id=x"}, failed: "host", fix: "use the client id"},
		"no identity in a container":     {env: imdstest.NewServer(t, &imdstest.Options{Identities: two}).ContainerInstances().Environ(), failed: "identity", fix: "by its object id"},
		"a client id in a container":     {env: plain.ContainerInstances().Environ(), args: []string{"--client-id=" + imdstest.DefaultClientID}, failed: "host", fix: "use the object id of the identity"},
		"a stale secret in a container":  {env: append(plain.ContainerInstances().Environ(), "IDENTITY_HEADER=stale"), failed: "request", fix: "$IDENTITY_HEADER"},
		"a container in a network":       {env: imdstest.Environment{"IDENTITY_ENDPOINT": "http://127.0.0.1:1/x?api-version=1.0", "IDENTITY_HEADER": "h"}.Environ(), failed: "reachable", fix: "virtual network"},
		"an empty id":                    {args: []string{served(nil), "--client-id="}, failed: "host", fix: "set it, or leave it out"},
		"a mistake in the environment":   {env: imdstest.Environment{"MSI_ENDPOINT": "nonsense"}.Environ(), failed: "host", fix: "it must begin with http://"},
		"a wrong resource":               {args: []string{served(&imdstest.Options{Resources: []string{orders + "/"}})}, failed: "resource", fix: "exactly the App ID URI"},
		"an assignment that is wanted":   {args: []string{served(nil, imdstest.Error(400, "invalid_grant", "AADSTS501051: Application x is not assigned to a role for the application y."))}, failed: "resource", fix: "aztoken grant"},
		"throttling":                     {args: []string{served(nil, imdstest.Status(429))}, failed: "token", fix: "throttling"},
		"an update":                      {args: []string{served(nil, imdstest.Status(410))}, failed: "token", fix: "two minutes"},
		"an outage":                      {args: []string{served(nil, imdstest.EntraDown())}, failed: "token", fix: "Entra ID or the platform is down"},
		"an answer without a token":      {args: []string{served(nil, imdstest.Body(200, "application/json", "{}"))}, failed: "token", fix: "without a usable token"},
		"a clock that is ahead":          {args: []string{"--endpoint=" + ahead}, failed: "clock", fix: "timedatectl"},
		"a role that is not there yet":   {args: []string{served(withRoles("reader")), "--role=consumer"}, failed: "role", fix: "wait"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := invocation{env: c.env}.run(t, append([]string{"doctor", orders, "--output=json"}, c.args...)...)
			require.Equal(t, 1, got.status, got.stdout)
			require.Contains(t, got.stderr, "checks failed: 1;")
			var report struct {
				Well   bool
				Checks []struct{ Name, Status, Detail, Fix string }
			}
			require.NoError(t, json.Unmarshal([]byte(got.stdout), &report))
			require.False(t, report.Well)
			require.Len(t, report.Checks, 10)
			for _, check := range report.Checks {
				require.Equal(t, check.Name == c.failed, check.Status == "failed", "%s: %s: %s", check.Name, check.Detail, check.Fix)
				if check.Name == c.failed {
					require.Contains(t, check.Fix, c.fix)
					require.NotEmpty(t, check.Detail)
				}
			}
		})
	}
}

func plainServer(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return srv.URL
}

func TestDoctorFix(t *testing.T) {
	t.Parallel()
	srv := imdstest.NewServer(t, &imdstest.Options{Identities: []imdstest.Identity{}})
	got := aztoken(t, "doctor", orders, "--endpoint", srv.URL)
	require.Equal(t, 1, got.status)
	golden(t, "doctor-no-identity.text", got.stdout)
	golden(t, "doctor-no-identity.stderr", got.stderr)
}

func TestDoctorProxy(t *testing.T) {
	t.Parallel()
	if os.Getenv("REQUEST_METHOD") != "" {
		t.Skip("net/http takes no proxy from the environment of a CGI program")
	}
	env := append(imdstest.Environment{}.Environ(), "HTTP_PROXY=http://user:secret@127.0.0.1:2", "NO_PROXY=")
	// A name that cannot be resolved: the proxy must not be asked, and its password must not be
	// shown.
	got := invocation{env: env}.run(t, "doctor", orders, "--endpoint", "http://imds.invalid", "--timeout", "5s")
	require.Equal(t, 1, got.status)
	require.Contains(t, got.stdout, "✗ reachable")
	require.NotContains(t, got.stdout+got.stderr, "secret")
}
