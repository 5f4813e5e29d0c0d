package lookup_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/graph/graphtest"
	"github.com/seed-ac726066/aztoken/internal/lookup"
)

const armID = "/subscriptions/s/resourceGroups/RG/providers/Microsoft.ManagedIdentity/userAssignedIdentities/worker"

func TestIdentity(t *testing.T) {
	t.Parallel()
	g := graphtest.New(&graphtest.Options{PageSize: 1})
	app := g.AddApplication(graphtest.Application{DisplayName: "orders-api"})
	g.AddServicePrincipal(graphtest.Principal{AppID: app.AppID, DisplayName: "orders-api"})
	worker := g.AddManagedIdentity("worker", armID)
	one, two := g.AddManagedIdentity("twin", armID+"2"), g.AddManagedIdentity("twin", "")
	c := graphtest.Client(t, g)
	for _, to := range []string{"worker", "Worker", worker.ID, worker.AppID, armID, armID + "/"} {
		found, err := lookup.Identity(t.Context(), c, to, "")
		require.NoError(t, err, to)
		require.Equal(t, worker.ID, found.ID, to)
	}
	const unknown = "0b000000-0000-4000-8000-000000000099"
	for to, want := range map[string][]string{
		"twin":         {"2 managed identities", one.ID, two.ID, "use the object id of one", "/resourcegroups/RG/"},
		"nobody":       {"no managed identity is named", "name of its resource"},
		"orders-api":   {"no managed identity is named"},
		armID + "x":    {"system-assigned identity"},
		unknown:        {"no service principal has", "a new identity takes a minute to appear"},
		app.ID:         {"is the object id of the application orders-api", "the client id of a managed identity, or the object id of its service principal"},
		app.AppID:      {"of type Application, not a managed identity; call it something else"},
		"o'brien's or": {"no managed identity is named"},
	} {
		_, err := lookup.Identity(t.Context(), c, to, "call it something else")
		for _, words := range want {
			require.ErrorContains(t, err, words, to)
		}
		require.True(t, strings.HasPrefix(err.Error(), "aztoken: "))
	}
	_, err := lookup.Identity(t.Context(), c, unknown, "")
	require.ErrorIs(t, err, lookup.ErrNoIdentity)
	_, err = lookup.Identity(t.Context(), c, app.AppID, "")
	require.NotErrorIs(t, err, lookup.ErrNoIdentity)
}
