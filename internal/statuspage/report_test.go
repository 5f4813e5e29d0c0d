package statuspage

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/verify"
)

func TestReportInJSON(t *testing.T) {
	t.Parallel()
	fine := token(20 * time.Hour)
	fine.Resource = "https://a.example.com"
	bad := token(90*time.Minute+time.Millisecond, failed, func(r *aztoken.ResourceStatus) { r.Tenant, r.CAE, r.Source = "7e", true, "store" })
	k := newKeyReport(verify.Status{Tenants: map[string]verify.Status{"7e": keys(20 * time.Hour), "7f": {}}}, now)
	r := Report{
		Title: "orders", Time: now, Level: Critical, Verifier: &k,
		Clients: []ClientReport{newClientReport("", aztoken.Status{Host: "IMDS", Identity: "default", Resources: []aztoken.ResourceStatus{fine, bad}}, now)},
	}
	text, err := json.Marshal(r)
	require.NoError(t, err)
	require.JSONEq(t, `{
		"title": "orders", "time": "2026-11-26T14:00:00Z", "level": "critical",
		"clients": [{
			"host": "IMDS", "identity": "default", "level": "critical",
			"resources": [{
				"resource": "https://vault.azure.net", "tenant": "7e", "cae": true, "source": "store",
				"acquired_on": "2026-11-25T15:30:00.001Z", "expires_on": "2026-11-26T15:30:00.001Z", "refresh_on": "2026-11-26T14:01:00Z",
				"failures": 3, "last_error": "503 Service Unavailable", "last_error_on": "2026-11-26T13:59:00Z",
				"state": "ending", "cover_left_seconds": 5400
			}, {
				"resource": "https://a.example.com", "source": "endpoint",
				"acquired_on": "2026-11-26T10:00:00Z", "expires_on": "2026-11-27T10:00:00Z", "refresh_on": "2026-11-26T20:00:00Z",
				"failures": 0, "state": "valid", "cover_left_seconds": 72000
			}]
		}],
		"verifier": {
			"key_source": "", "keys": 0, "state": "idle", "cover_left_seconds": 0,
			"tenants": {
				"7e": {
					"key_source": "entra", "keys": 6, "fetched_on": "2026-11-26T10:00:00Z", "expire_on": "2026-11-27T10:00:00Z",
					"next_fetch_on": "2026-11-26T14:01:00Z", "state": "valid", "cover_left_seconds": 72000
				},
				"7f": {"key_source": "", "keys": 0, "state": "idle", "cover_left_seconds": 0}
			}
		}
	}`, string(text))
}

func TestReportOfNothing(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(newReport(Subject{Title: "orders"}, now))
	require.NoError(t, err)
	require.JSONEq(t, `{"title": "orders", "time": "2026-11-26T14:00:00Z", "level": "ok", "clients": []}`, string(text))

	r := newReport(Subject{
		Clients: func() []Client { return []Client{{Name: "a"}} }, Verifier: func() *verify.Verifier { return nil },
	}, now)
	require.True(t, r.Clients[0].Closed, "one that NewClient did not make")
	require.Equal(t, Warning, r.Level)
	require.Equal(t, Idle, r.Verifier.State)
}

// A caller may mistake a token for a resource, and for a tenant.
func TestReportHasNoToken(t *testing.T) {
	t.Parallel()
	const jwt = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"
	for _, resource := range []string{jwt, "https://a.example.com?sig=" + jwt} {
		mistaken := token(20 * time.Hour)
		mistaken.Resource, mistaken.Tenant = resource, jwt
		text, err := json.Marshal(newClientReport("", client(mistaken), now))
		require.NoError(t, err)
		require.NotContains(t, string(text), "eyJ")
		require.Contains(t, string(text), "REDACTED")
	}
}

func TestLevelOfAReport(t *testing.T) {
	t.Parallel()
	withStore := client(token(20 * time.Hour))
	withStore.StoreError = "full"
	for name, tc := range map[string]struct {
		client aztoken.Status
		want   Level
	}{
		"without tokens":          {client(), OK},
		"with good ones":          {client(token(20*time.Hour), token(12*time.Hour)), OK},
		"with a store that fails": {withStore, Warning},
		"with one that retries":   {client(token(20*time.Hour, failed), token(12*time.Hour)), Warning},
		"with one that repeats":   {client(token(20*time.Hour), token(11*time.Hour)), Warning},
		"with a missing one":      {client(token(20*time.Hour, failed), none(), token(time.Hour)), Critical},
	} {
		require.Equal(t, tc.want, newClientReport("", tc.client, now).Level, name)
	}
	k := newKeyReport(verify.Status{Tenants: map[string]verify.Status{"7e": keys(20 * time.Hour), "7f": {LastError: down}}}, now)
	require.Equal(t, Critical, k.level(), "that of the tenant without keys")
}

// Programs rely on the members of the JSON form and their values, so the docs list them.
func TestDocsHaveTheJSONForm(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("../../docs/statusz.md")
	require.NoError(t, err)
	var names []string
	var walk func(reflect.Type)
	walk = func(of reflect.Type) {
		switch of.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Map:
			walk(of.Elem())
		case reflect.Struct:
			for i := range of.NumField() {
				f := of.Field(i)
				if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
					names = append(names, name)
				}
				// The members of these two types are those of the struct around them.
				if f.Type != reflect.TypeFor[time.Time]() && f.Name != "Tenants" {
					walk(f.Type)
				}
			}
		}
	}
	walk(reflect.TypeFor[Report]())
	require.Contains(t, names, "cover_left_seconds")
	for _, state := range []State{Valid, Unused, Idle, Retrying, Repeated, Ending, Expired, Missing, Closed} {
		names = append(names, string(state))
	}
	for _, level := range []Level{OK, Warning, Critical} {
		names = append(names, string(level))
	}
	for _, name := range names {
		require.Regexp(t, "^[a-z_]+$", name)
		require.Contains(t, string(doc), "`"+name+"`")
	}
}
