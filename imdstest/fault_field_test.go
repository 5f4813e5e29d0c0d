package imdstest_test

import (
	"net/http"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
)

// A test can reproduce each situation from the field with one line.
func TestSituationsFromTheField(t *testing.T) {
	t.Parallel()
	refusal := imdstest.EntraRefuses(501051, "Application 'orders-worker' is not assigned to a role for the application 'orders-api'.")
	for name, tc := range map[string]struct {
		host   string
		fault  imdstest.Fault
		status int
		header map[string]string
		body   string // the exact text, with GUID for any; "…" at the end: the beginning
	}{
		"Amazon's metadata service": {
			"IMDS", imdstest.EC2(), 404, map[string]string{"Server": "EC2ws", "Content-Type": "text/html"}, "<!DOCTYPE html>…",
		},
		"Google's metadata service": {
			"IMDS", imdstest.GCE(), 404, map[string]string{"Metadata-Flavor": "Google"}, "<!DOCTYPE html>…",
		},
		"an identity that is not there, by a code": {
			"IMDS", imdstest.NoDefaultIdentity(), 404, map[string]string{"Server": "Kestrel"},
			`{"error":{"code":"DefaultIdentityNotDefined","message":"DefaultIdentityNotDefined","details":[]}}`,
		},
		"the same where it was met": {
			"Container Instances on Windows", imdstest.NoDefaultIdentity(), 404, map[string]string{"Server": "Kestrel"}, undefined,
		},
		"the same at another address": {
			"App Service", imdstest.NoDefaultIdentity(), 404, map[string]string{"Server": "Kestrel"},
			`{"error":{"code":"DefaultIdentityNotDefined",…`,
		},
		"Entra's refusal, passed on by IMDS": {
			"IMDS", refusal, 400, nil,
			`{"error":"invalid_grant","error_description":"AADSTS501051: Application 'orders-worker' is not assigned to a role ` +
				`for the application 'orders-api'. Trace ID: GUID Correlation ID: GUID Timestamp: …`,
		},
		"Entra's refusal, passed on by Azure Arc": {
			"Azure Arc", refusal, 400, nil, `{"error":"invalid_grant","error_description":"AADSTS501051: Application…`,
		},
		"Entra's refusal, in its own words": {
			"workload identity", refusal, 400, nil, `{"error":"invalid_grant","error_description":"AADSTS501051: Application…`,
		},
		"Entra's refusal, kept to itself by App Service": {
			"App Service", refusal, 500, map[string]string{"Server": "Kestrel"},
			`{"statusCode":500,"message":"An unexpected error occured while fetching the AAD Token.","correlationId":"GUID"}`,
		},
		"App Service's 500": {
			"App Service", imdstest.Status(500), 500, map[string]string{"Server": "Kestrel"},
			`{"statusCode":500,"message":"An unexpected error occured while fetching the AAD Token.","correlationId":"GUID"}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBothFrontEndsOn(t, tc.host, imdstest.Options{}, func(t *testing.T, g guest) {
				r := g.request(t, vault)
				g.server.Break(tc.fault)
				got := g.send(r)
				require.NoError(t, got.err)
				require.Equal(t, tc.status, got.status, got.body)
				requireBody(t, tc.body, got.body)
				for header, value := range tc.header {
					require.Equal(t, value, got.header.Get(header), header)
				}
				require.Equal(t, tc.fault.String(), g.asked().Fault)
				if tc.host == "App Service" && tc.status == 500 {
					require.Contains(t, got.body, got.header.Get("X-Correlation-Id"))
				}
				g.server.Recover()
				require.NotEmpty(t, g.ask(t, vault).object(t)["access_token"])
			})
		})
	}
}

func TestEntraRefusesOnlyWhereItIsAsked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := inMemory(t, nil)
		kept := c.ask(t.Context(), vault).token(t)
		c.server.Break(imdstest.EntraRefuses(7000112, "The application is disabled."))
		require.Equal(t, kept, c.ask(t.Context(), vault).token(t), "the platform still has one")
		require.Equal(t, 400, c.ask(t.Context(), orders).status)
		time.Sleep(time.Hour)
		require.Equal(t, 400, c.ask(t.Context(), vault).status, "and would mint another now")
	})
}

func TestAnEndpointThatListensAfterAWhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := inMemory(t, nil)
		c.server.BreakFor(25*time.Second, imdstest.Refused())
		require.ErrorIs(t, c.ask(t.Context(), vault).err, syscall.ECONNREFUSED)
		time.Sleep(25 * time.Second)
		require.Equal(t, http.StatusOK, c.ask(t.Context(), vault).status)
	})
}

func TestAppServiceHasTheVersionOf2017(t *testing.T) {
	t.Parallel()
	inBothFrontEndsOn(t, "App Service", imdstest.Options{Identities: []imdstest.Identity{system, userB}}, func(t *testing.T, g guest) {
		e := g.environment
		for id, want := range map[string]string{"": system.ClientID, clientB: clientB} {
			r := get(e["MSI_ENDPOINT"], "2017-09-01", "secret", e["MSI_SECRET"], vault, []string{"clientid", id})
			require.Equal(t, want, g.appID(t, g.send(r)))
		}
		require.NotContains(t, g.asked().String(), e["MSI_SECRET"])
		require.Equal(t, []string{"REDACTED"}, g.asked().Header["Secret"])
	})
}

func TestTokensHaveIdtypOnlyWhereTheManifestAsksForIt(t *testing.T) {
	t.Parallel()
	for name, claims := range map[string][]string{"": nil, "app": {"idtyp"}} {
		srv := imdstest.New(&imdstest.Options{OptionalClaims: claims})
		given, err := srv.Claims(inMemoryOf(srv).ask(t.Context(), vault).token(t))
		require.NoError(t, err)
		minted, err := srv.Claims(srv.Mint(vault))
		require.NoError(t, err)
		for _, all := range []map[string]any{given, minted} {
			idtyp, there := all["idtyp"]
			require.Equal(t, name != "", there)
			if there {
				require.Equal(t, name, idtyp)
			}
		}
	}
	require.PanicsWithValue(t, `imdstest: Options.OptionalClaims has "acct", which is not known; give idtyp`, func() {
		imdstest.New(&imdstest.Options{OptionalClaims: []string{"acct"}})
	})
}
