package federate_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/federate"
	"github.com/seed-ac726066/aztoken/internal/graph"
	"github.com/seed-ac726066/aztoken/internal/graph/graphtest"
	"github.com/seed-ac726066/aztoken/internal/rollout"
	"github.com/seed-ac726066/aztoken/internal/rollout/rollouttest"
)

// tenant is a directory with an application and an identity.
type tenant struct {
	*graphtest.Server
	app    graphtest.Application
	worker graphtest.Principal
}

func newTenant(opts *graphtest.Options) tenant {
	g, unique := graphtest.New(opts), "orders-client"
	app := g.AddApplication(graphtest.Application{DisplayName: "Orders client", UniqueName: &unique, IdentifierURIs: []string{"api://orders-client"}})
	return tenant{g, app, g.AddManagedIdentity("orders-worker", armID)}
}

// run makes one run of the command: it reads, plans and applies.
func (d tenant) run(ctx context.Context, t *testing.T, w federate.Spec, tell func(rollout.Progress)) ([]federate.Step, error) {
	t.Helper()
	// This is virtual time, so that a mistake does not make the test endless.
	ctx, cancel := context.WithTimeout(ctx, time.Hour)
	defer cancel()
	c := graphtest.Client(t, d.Server)
	s, err := federate.Read(ctx, c, w)
	if err != nil {
		return nil, err
	}
	steps, err := federate.Plan(w, s)
	if err != nil {
		return nil, err
	}
	if tell == nil {
		tell = func(rollout.Progress) {}
	}
	_, err = federate.Apply(ctx, c, s, steps, tell)
	return steps, err
}

// whole requires that the application trusts the identity, by one credential.
func (d tenant) whole(t *testing.T) {
	t.Helper()
	var mine []graphtest.FederatedCredential
	for _, f := range d.FederatedCredentials(d.app.ID) {
		if f.Subject == d.worker.ID {
			mine = append(mine, f)
		}
	}
	require.Len(t, mine, 1)
	description := "The managed identity " + strings.Replace(armID, "/resourceGroups/", "/resourcegroups/", 1)
	require.Equal(t, graphtest.FederatedCredential{
		ID: mine[0].ID, Name: "orders-worker", Issuer: issuer, Subject: d.worker.ID, Description: &description, Audiences: []string{audience},
	}, mine[0])
}

// wrong adds a credential that does not work.
func (d tenant) wrong() graphtest.FederatedCredential {
	return d.AddFederatedCredential(d.app.ID, graphtest.FederatedCredential{
		Name: "orders-worker", Issuer: issuer, Subject: d.worker.ID, Audiences: []string{"api://AzureADTokenExchangeChina"},
	})
}

// TestApply: a credential is added, and a second run writes nothing, with every way to name the
// application and the identity.
func TestApply(t *testing.T) {
	t.Parallel()
	d := newTenant(&graphtest.Options{PageSize: 1})
	d.AddFederatedCredential(d.app.ID, graphtest.FederatedCredential{Name: "main", Issuer: "https://issuer.example", Subject: "x", Audiences: []string{audience}})
	steps, err := d.run(t.Context(), t, wanted("orders-worker"), nil)
	require.NoError(t, err)
	require.Len(t, steps, 1)
	require.Len(t, d.Writes(), 1)
	d.whole(t)
	require.Len(t, d.FederatedCredentials(d.app.ID), 2)
	for _, app := range []string{"orders-client", "Orders client", d.app.ID, d.app.AppID, "api://orders-client"} {
		for _, to := range []string{"orders-worker", d.worker.ID, d.worker.AppID, armID} {
			w := wanted(to, d.worker.ID)
			w.App = app
			steps, err := d.run(t.Context(), t, w, nil)
			require.NoError(t, err)
			require.Empty(t, steps, app+" to "+to)
		}
	}
	require.Len(t, d.Writes(), 1)
}

// TestApplyReplace: a credential that does not work is removed and created again.
func TestApplyReplace(t *testing.T) {
	t.Parallel()
	for name, lag := range map[string]graphtest.Lag{"at once": {}, "slowly": {Requests: 3}, "for minutes": {Time: 6 * time.Minute}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := newTenant(nil)
				old := d.wrong()
				d.Delay(graphtest.Lags{FederatedCredentials: lag})
				steps, err := d.run(t.Context(), t, wanted("orders-worker"), nil)
				require.NoError(t, err)
				require.Len(t, steps, 2)
				d.whole(t)
				require.NotEqual(t, old.ID, d.FederatedCredentials(d.app.ID)[0].ID, "it is another")
				for _, write := range d.Writes() {
					require.NotEqual(t, http.MethodPatch, write.Method, "a corrected one may be judged by its old values")
				}
				steps, err = d.run(t.Context(), t, wanted("orders-worker"), nil)
				require.NoError(t, err)
				require.Empty(t, steps)
			})
		})
	}
}

// TestApplyResume: a run that ends at any write is resumed.
func TestApplyResume(t *testing.T) {
	t.Parallel()
	for name, lags := range map[string]graphtest.Lags{"at once": {}, "slowly": {FederatedCredentials: graphtest.Lag{Requests: 2}}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rollouttest.Resume(t, 2, func(t *testing.T) rollouttest.Command {
				d := newTenant(nil)
				d.wrong()
				d.Delay(lags)
				return rollouttest.Command{
					Directory: d.Server,
					Run: func(ctx context.Context) (int, error) {
						steps, err := d.run(ctx, t, wanted("orders-worker"), nil)
						return len(steps), err
					},
					Complete: d.whole,
				}
			})
		})
	}
}

// TestApplyReplication: a credential that is not visible yet is waited for.
func TestApplyReplication(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newTenant(nil)
		d.Delay(graphtest.Lags{FederatedCredentials: graphtest.Lag{Time: 6 * time.Minute}})
		start, waited := time.Now(), time.Duration(0)
		_, err := d.run(t.Context(), t, wanted("orders-worker"), func(p rollout.Progress) { waited = max(waited, p.Waited) })
		require.NoError(t, err)
		d.whole(t)
		require.Greater(t, waited, 5*time.Minute)
		require.Less(t, time.Since(start), 7*time.Minute)
		require.Less(t, len(d.Requests()), 120, "patience is no load")
	})
}

// TestApplyNewApplication: an application that some replicas do not know yet is waited for.
func TestApplyNewApplication(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newTenant(nil)
		c := graphtest.Client(t, d.Server)
		s, err := federate.Read(t.Context(), c, wanted("orders-worker"))
		require.NoError(t, err)
		steps, err := federate.Plan(wanted("orders-worker"), s)
		require.NoError(t, err)
		d.Delay(graphtest.Lags{Applications: graphtest.Lag{Time: time.Minute}})
		app, err := c.Register(t.Context(), "new", "new", 2)
		require.NoError(t, err)
		s.Application = app // as on another replica
		start := time.Now()
		_, err = federate.Apply(t.Context(), c, s, steps, func(rollout.Progress) {})
		require.NoError(t, err)
		require.GreaterOrEqual(t, time.Since(start), time.Minute)
		require.Len(t, d.FederatedCredentials(app.ID), 1)
	})
}

// forgetful answers reads of credentials like a replica that does not know the application.
type forgetful struct {
	tenant
	reads *int
}

func (f forgetful) Do(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/federatedIdentityCredentials") && *f.reads > 0 {
		*f.reads--
		r = r.Clone(r.Context())
		r.URL.Path = "/v1.0/applications/none/federatedIdentityCredentials"
	}
	return f.Server.Do(r)
}

// TestReadNewApplication: an application that was registered a moment ago has no credentials, to
// begin with.
func TestReadNewApplication(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d, reads := newTenant(nil), 2
		c, err := graph.New(graph.Options{Credential: graphtest.Credential{}, Transport: forgetful{d, &reads}})
		require.NoError(t, err)
		s, err := federate.Read(t.Context(), c, wanted("orders-worker"))
		require.NoError(t, err)
		require.Empty(t, s.Credentials)
		require.Nil(t, s.Service)
		steps, err := federate.Plan(wanted("orders-worker"), s)
		require.NoError(t, err)
		_, err = federate.Apply(t.Context(), c, s, steps, func(rollout.Progress) {})
		require.NoError(t, err)
		require.Zero(t, reads)
		d.whole(t)
	})
}

// lossy reports success for the first writes, but does not make them.
type lossy struct {
	tenant
	lost *int
}

func (l lossy) Do(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodPost && *l.lost > 0 {
		*l.lost--
		return &http.Response{StatusCode: http.StatusCreated, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
	}
	return l.Server.Do(r)
}

// TestApplyLostWrite: a credential that Graph has taken and lost is added again.
func TestApplyLostWrite(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d, lost := newTenant(nil), 1
		c, err := graph.New(graph.Options{Credential: graphtest.Credential{}, Transport: lossy{d, &lost}})
		require.NoError(t, err)
		s, err := federate.Read(t.Context(), c, wanted("orders-worker"))
		require.NoError(t, err)
		steps, err := federate.Plan(wanted("orders-worker"), s)
		require.NoError(t, err)
		after, err := federate.Apply(t.Context(), c, s, steps, func(rollout.Progress) {})
		require.NoError(t, err)
		require.Len(t, after.Credentials, 1)
		d.whole(t)
	})
}

// TestApplyTimeout: waiting ends with advice.
func TestApplyTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newTenant(nil)
		d.Delay(graphtest.Lags{FederatedCredentials: graphtest.Lag{Time: time.Hour}})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		_, err := d.run(ctx, t, wanted("orders-worker"), nil)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		for _, words := range []string{"aztoken: could not confirm the federated credentials of Orders client", "(waited for 10m0s)", "with a longer --timeout if needed"} {
			require.ErrorContains(t, err, words)
		}
		time.Sleep(time.Hour)
		steps, err := d.run(t.Context(), t, wanted("orders-worker"), nil)
		require.NoError(t, err)
		require.Empty(t, steps)
		d.whole(t)
	})
}

// TestApplyContention: a write that Graph refuses because of another one is repeated.
func TestApplyContention(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newTenant(nil)
		d.wrong()
		d.Contend(3)
		_, err := d.run(t.Context(), t, wanted("orders-worker"), nil)
		require.NoError(t, err)
		d.whole(t)
	})
}

// TestApplyThrottling: throttling is waited out at each step.
func TestApplyThrottling(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newTenant(nil)
		d.wrong()
		start := time.Now()
		_, err := d.run(t.Context(), t, wanted("orders-worker"), func(p rollout.Progress) {
			if p.Done {
				d.Throttle(7, 30*time.Second) // more than a client retries by itself
			}
		})
		require.NoError(t, err)
		d.whole(t)
		require.Greater(t, time.Since(start), 6*time.Minute)
	})
}

// TestApplyMeanwhile: others change the directory between the plan and the steps.
func TestApplyMeanwhile(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		meanwhile func(tenant)
		want      string // the error, "" for none
	}{
		"the same credential": {func(d tenant) {
			description := "theirs"
			d.AddFederatedCredential(d.app.ID, graphtest.FederatedCredential{Name: "theirs", Issuer: issuer, Subject: d.worker.ID, Description: &description, Audiences: []string{audience}})
		}, ""},
		"one of its name": {func(d tenant) {
			d.AddFederatedCredential(d.app.ID, graphtest.FederatedCredential{Name: "orders-worker", Issuer: "i", Subject: "s", Audiences: []string{audience}})
		}, "with name orders-worker already exists"},
		"one for another audience": {func(d tenant) { d.wrong() }, "already exists"},
		"twenty": {func(d tenant) {
			for _, f := range full(20) {
				d.AddFederatedCredential(d.app.ID, graphtest.FederatedCredential{Name: f.Name, Issuer: f.Issuer, Subject: f.Subject, Audiences: f.Audiences})
			}
		}, "an application can have 20 federated credentials"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := newTenant(nil)
				g := graphtest.Client(t, d.Server)
				s, err := federate.Read(t.Context(), g, wanted("orders-worker"))
				require.NoError(t, err)
				steps, err := federate.Plan(wanted("orders-worker"), s)
				require.NoError(t, err)
				c.meanwhile(d)
				before := d.FederatedCredentials(d.app.ID)
				_, err = federate.Apply(t.Context(), g, s, steps, func(rollout.Progress) {})
				require.Equal(t, before, d.FederatedCredentials(d.app.ID), "theirs stays")
				if c.want == "" {
					require.NoError(t, err)
					return
				}
				require.ErrorContains(t, err, "aztoken: could not add the federated credential orders-worker")
				require.ErrorContains(t, err, c.want)
			})
		})
	}
}

// TestApplyRevoke: credentials are removed, and a second run writes nothing.
func TestApplyRevoke(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newTenant(&graphtest.Options{PageSize: 1})
		other := d.AddManagedIdentity("other", "")
		_, err := d.run(t.Context(), t, wanted("orders-worker", "other"), nil)
		require.NoError(t, err)
		d.AddFederatedCredential(d.app.ID, graphtest.FederatedCredential{Name: "upper", Issuer: issuer, Subject: strings.ToUpper(d.worker.ID), Audiences: []string{audience}})
		d.Delay(graphtest.Lags{FederatedCredentials: graphtest.Lag{Time: time.Minute}})
		back := wanted("orders-worker")
		back.Revoke = true
		start := time.Now()
		steps, err := d.run(t.Context(), t, back, nil)
		require.NoError(t, err)
		require.Len(t, steps, 2, "what was meant for it too")
		require.GreaterOrEqual(t, time.Since(start), time.Minute, "until it is seen")
		left := d.FederatedCredentials(d.app.ID)
		require.Len(t, left, 1)
		require.Equal(t, other.ID, left[0].Subject)
		writes := len(d.Writes())
		steps, err = d.run(t.Context(), t, back, nil)
		require.NoError(t, err)
		require.Empty(t, steps)
		require.Len(t, d.Writes(), writes)
		require.Len(t, d.Applications(), 1, "nothing else is deleted")
	})
}

// TestApplyRevokeDeletedIdentity: the credential of an identity that is gone can be removed by its
// object id.
func TestApplyRevokeDeletedIdentity(t *testing.T) {
	t.Parallel()
	d := newTenant(nil)
	const gone = "0b000000-0000-4000-8000-0000000000ff"
	d.AddFederatedCredential(d.app.ID, graphtest.FederatedCredential{Name: "gone", Issuer: issuer, Subject: gone, Audiences: []string{audience}})
	back := wanted(gone)
	_, err := d.run(t.Context(), t, back, nil)
	require.ErrorContains(t, err, "no service principal has the object id or client id "+gone)
	back.Revoke = true
	steps, err := d.run(t.Context(), t, back, nil)
	require.NoError(t, err)
	require.Equal(t, "remove the federated credential gone of a deleted identity ("+gone+")", steps[0].Text)
	require.Empty(t, d.FederatedCredentials(d.app.ID))
}

// TestApplyPermissions: without a permission the run stops and names it.
func TestApplyPermissions(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		have []string
		want []string
	}{
		"to read":  {nil, []string{"reading the application", "Application.Read.All"}},
		"to write": {[]string{graphtest.ReadApplications, graphtest.WriteAssignments}, []string{"could not add the federated credential", "Application.ReadWrite.OwnedBy", "Cloud Application Administrator"}},
	} {
		d := newTenant(&graphtest.Options{Permissions: append([]string{}, c.have...)})
		_, err := d.run(t.Context(), t, wanted("orders-worker"), nil)
		require.Equal(t, graph.Forbidden, graph.KindOf(err), name)
		for _, want := range c.want {
			require.ErrorContains(t, err, want)
		}
		d.Permit([]string{graphtest.OwnApplications})
		_, err = d.run(t.Context(), t, wanted("orders-worker"), nil)
		require.NoError(t, err)
		d.whole(t)
	}
}
