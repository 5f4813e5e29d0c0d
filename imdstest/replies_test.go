package imdstest_test

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
)

func TestRepliesOfEveryHost(t *testing.T) {
	t.Parallel()
	const expires = "946771200" // a day after the start of a bubble
	asIMDS := map[string]any{
		"client_id": imdstest.DefaultClientID, "expires_in": "86400", "expires_on": expires, "ext_expires_in": "86399",
		"not_before": "946684500", "resource": vault, "token_type": "Bearer",
	}
	brief := map[string]any{
		"client_id": imdstest.DefaultClientID, "expires_on": expires, "resource": vault, "token_type": "Bearer",
	}
	cloudShell := map[string]any{"refresh_token": ""}
	for name, value := range asIMDS {
		cloudShell[name] = value
	}
	for host, tc := range map[string]struct {
		members map[string]any
		server  string
	}{
		"IMDS":                           {asIMDS, "IMDS/150.870.65.1103"},
		"App Service":                    {brief, "Kestrel"},
		"Container Instances on Windows": {brief, "Kestrel"},
		"Azure Arc":                      {asIMDS, ""},
		"Service Fabric":                 {map[string]any{"expires_on": 946771200., "resource": vault, "token_type": "Bearer"}, ""},
		"Cloud Shell":                    {cloudShell, ""},
		"Azure ML":                       {brief, ""},
		"workload identity":              {map[string]any{"expires_in": 86400., "ext_expires_in": 86400., "token_type": "Bearer"}, ""},
		"identity binding":               {map[string]any{"expires_in": 86400., "ext_expires_in": 86400., "token_type": "Bearer"}, ""},
	} {
		t.Run(host, func(t *testing.T) {
			t.Parallel()
			inBothFrontEndsOn(t, host, imdstest.Options{}, func(t *testing.T, g guest) {
				got := g.ask(t, vault)
				require.Equal(t, imdstest.DefaultClientID, g.appID(t, got))
				require.Equal(t, "application/json; charset=utf-8", got.header.Get("Content-Type"))
				require.Equal(t, tc.server, got.header.Get("Server"))
				require.Equal(t, strconv.Itoa(len(got.body)), got.header.Get("Content-Length"))
				members := got.object(t)
				delete(members, "access_token")
				require.Equal(t, tc.members, members)

				log := g.asked()
				require.Equal(t, host, log.Host)
				require.Equal(t, vault, log.Resource)
				require.Equal(t, http.StatusOK, log.Status)
				require.True(t, log.Minted)
			})
		})
	}
}

func TestFaultsOnEveryHost(t *testing.T) {
	t.Parallel()
	const patience = time.Minute
	status := func(code int, body string) func(*testing.T, outcome) {
		return func(t *testing.T, o outcome) {
			require.NoError(t, o.err)
			require.Equal(t, code, o.status)
			require.Equal(t, body, o.body)
		}
	}
	token := func(head, whole time.Duration) func(*testing.T, outcome) {
		return func(t *testing.T, o outcome) {
			require.NotEmpty(t, o.object(t)["access_token"])
			require.Equal(t, head, o.headTook)
			require.Equal(t, whole, o.took)
		}
	}
	gaveUp := func(t *testing.T, o outcome) {
		require.ErrorIs(t, o.err, context.DeadlineExceeded)
		require.Equal(t, patience, o.took)
	}
	for _, tc := range []struct {
		fault imdstest.Fault
		see   func(*testing.T, outcome)
	}{
		{imdstest.OK(), token(0, 0)},
		{imdstest.Slow(time.Second), token(time.Second, time.Second)},
		{imdstest.SlowBody(time.Second), token(0, time.Second)},
		{imdstest.Status(502).WithRetryAfter(time.Second), func(t *testing.T, o outcome) {
			require.Equal(t, 502, o.status)
			require.Equal(t, "1", o.header.Get("Retry-After"))
		}},
		{imdstest.Error(418, "teapot", "Short"), status(418, `{"error":"teapot","error_description":"Short"}`)},
		{imdstest.Body(200, "", "x"), status(200, "x")},
		{imdstest.Huge(3), status(200, `{"a`)},
		{imdstest.NotJSON(), func(t *testing.T, o outcome) {
			require.Equal(t, "text/html; charset=utf-8", o.header.Get("Content-Type"))
			require.Empty(t, o.header.Get("Server"), "nobody's words")
		}},
		{imdstest.Redirect("http://evil.test"), func(t *testing.T, o outcome) { require.Equal(t, 302, o.status) }},
		{imdstest.Truncated(), func(t *testing.T, o outcome) { require.ErrorIs(t, o.bodyErr, io.ErrUnexpectedEOF) }},
		{imdstest.Closed(), func(t *testing.T, o outcome) { require.ErrorIs(t, o.err, io.EOF) }},
		{imdstest.Refused(), func(t *testing.T, o outcome) { require.Error(t, o.err) }},
		{imdstest.Hang(), gaveUp},
		{imdstest.Dropped(), gaveUp},
		{imdstest.EntraDown(), func(t *testing.T, o outcome) {
			require.GreaterOrEqual(t, o.status, 500)
			require.NotContains(t, o.body, "access_token")
			require.Contains(t, o.body, "{")
		}},
	} {
		for host := range hosts {
			t.Run(tc.fault.String()+" "+host, func(t *testing.T) {
				t.Parallel()
				inBothFrontEndsOn(t, host, imdstest.Options{}, func(t *testing.T, g guest) {
					r := g.request(t, vault)
					g.server.Next(tc.fault)
					ctx, cancel := context.WithTimeout(t.Context(), patience)
					defer cancel()
					tc.see(t, g.send(r.WithContext(ctx)))
					require.Equal(t, host, g.asked().Host)
					if tc.fault != imdstest.OK() {
						require.Equal(t, tc.fault.String(), g.asked().Fault)
					}
					require.NotEmpty(t, g.ask(t, vault).object(t)["access_token"], "a fault leaves nothing behind")
				})
			})
		}
	}
}

func TestStatusHasTheBodyOfTheHost(t *testing.T) {
	t.Parallel()
	const (
		oauth400 = `{"error":"invalid_request","error_description":"Identity not found"}`
		oauth500 = `{"error":"unknown","error_description":"Failed to retrieve token from the Active directory. For details see logs in /var/log/azure/imds/identity.log"}`
		away     = `{"error":"temporarily_unavailable","error_description":"AADSTS90033: A transient error has occurred. Please try again. Trace ID: GUID Correlation ID: GUID Timestamp: 2000-01-01 00:00:00Z","error_codes":[90033],"timestamp":"2000-01-01 00:00:00Z","trace_id":"GUID","correlation_id":"GUID","error_uri":"https://login.microsoftonline.com/error?code=90033"}`
	)
	for host, bodies := range map[string]map[int]string{
		"IMDS": {400: oauth400, 403: "connecting to 169.254.169.254:80: A socket operation was attempted to an unreachable network.", 500: oauth500},
		"App Service": {
			400: `{"statusCode":400,"message":"No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId.","correlationId":"GUID"}`,
			500: `{"statusCode":500,"message":"An unexpected error occured while fetching the AAD Token.","correlationId":"GUID"}`,
		},
		"Container Instances on Windows": {
			400: `{"error":{"code":"BadRequest","message":"…`,
			404: undefined,
			500: `{"error":{"code":"InternalServerError","message":"…`,
		},
		"Azure Arc": {400: oauth400, 500: oauth500},
		"Azure ML":  {400: oauth400, 500: oauth500},
		"Service Fabric": {
			400: `{"error":{"correlationId":"GUID","code":"BadRequest",…`,
			404: `{"error":{"correlationId":"GUID","code":"ManagedIdentityNotFound",…`,
			429: "Too many requests. Try again later.",
			500: `{"error":{"correlationId":"GUID","code":"InternalServerError",…`,
		},
		"Cloud Shell": {400: `{"error":{"code":"BadRequest","message":"Identity not found"}}`},
		"workload identity": {
			400: `{"error":"unauthorized_client","error_description":"AADSTS700016: …`,
			401: `{"error":"invalid_client","error_description":"AADSTS70021: …`,
			429: away, 500: away, 502: away, 503: away, 504: away,
		},
		"identity binding": {
			400: `{"error":"unauthorized_client","error_description":"AADSTS700016: …`,
			401: `{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Unauthorized","reason":"Unauthorized","code":401}`,
			403: `{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"cid.wi.aks.azure.com is forbidden: …`,
			429: away, 500: away, 502: away, 503: away, 504: away,
		},
	} {
		for _, code := range []int{204, 400, 401, 403, 404, 405, 408, 410, 429, 500, 502, 503, 504} {
			t.Run(host+" "+strconv.Itoa(code), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					g := on(inMemory(t, &imdstest.Options{ArcKeyDir: t.TempDir()}), host)
					t.Cleanup(g.server.Close)
					r := g.request(t, vault)
					g.server.Next(imdstest.Status(code))
					got := g.send(r)
					require.Equal(t, code, got.status)
					requireBody(t, bodies[code], got.body)
					contentType := ""
					switch {
					case len(got.body) == 0:
					case got.body[0] == '{':
						contentType = "application/json; charset=utf-8"
					default:
						contentType = "text/plain; charset=utf-8"
					}
					require.Equal(t, contentType, got.header.Get("Content-Type"))
					if host == "IMDS" && code == http.StatusForbidden {
						require.Empty(t, got.header.Get("Server"), "it is Docker Desktop that speaks")
					}
				})
			})
		}
	}
}

func TestHostsShareOnePlatform(t *testing.T) {
	t.Parallel()
	c := inMemory(t, withFiles(t, imdstest.Options{}))
	t.Cleanup(c.server.Close)
	kept := c.ask(t.Context(), vault).token(t)
	for host := range hosts {
		got := on(c, host).ask(t, vault).object(t)["access_token"]
		if host == "workload identity" || host == "identity binding" {
			require.NotEqual(t, kept, got, "there is no platform in between")
		} else {
			require.Equal(t, kept, got)
		}
	}
}

func TestSecureHostsAreNotThereOverHTTP(t *testing.T) {
	t.Parallel()
	for _, host := range []string{"Service Fabric", "workload identity", "identity binding"} {
		inBothFrontEndsOn(t, host, imdstest.Options{}, func(t *testing.T, g guest) {
			r := g.request(t, vault)
			r.URL.Scheme = "http"
			got := g.send(r)
			require.Equal(t, http.StatusNotFound, got.status)
			require.Empty(t, got.body)
			require.Empty(t, g.asked().Host)
		})
	}
}

func TestSecretsAreOfOneHostEach(t *testing.T) {
	t.Parallel()
	s := imdstest.New(nil)
	t.Cleanup(s.Close)
	secrets := map[string]bool{}
	for _, server := range []*imdstest.Server{s, imdstest.New(nil)} {
		for _, secret := range []string{
			server.AppService()["IDENTITY_HEADER"], server.ContainerInstances()["IDENTITY_HEADER"],
			server.ServiceFabric()["IDENTITY_HEADER"], server.AzureML()["MSI_SECRET"],
		} {
			require.Len(t, secret, 36)
			secrets[secret] = true
		}
	}
	require.Len(t, secrets, 8)
}
