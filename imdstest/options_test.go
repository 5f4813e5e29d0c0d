package imdstest_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
)

func TestIdentityIsTheOneThatTheRequestNames(t *testing.T) {
	t.Parallel()
	const (
		armA       = "/subscriptions/1/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/a"
		notFound   = "Identity not found"
		ambiguous  = "Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request"
		clientA    = "aaaaaaaa-0000-4000-8000-000000000001"
		objectA    = "aaaaaaaa-0000-4000-8000-000000000002"
		clientTwo  = "c0000000-0000-4000-8000-000000000002"
		objectTwo  = "0b000000-0000-4000-8000-000000000002"
		someClient = "dddddddd-0000-4000-8000-000000000009"
	)
	a := imdstest.Identity{ClientID: clientA, ObjectID: objectA, ResourceID: armA}
	blank, system := imdstest.Identity{}, imdstest.Identity{SystemAssigned: true}

	for name, tc := range map[string]struct {
		identities []imdstest.Identity
		id         []string
		client     string // blank: an error
		problem    string
	}{
		"none named, the default machine":        {nil, nil, imdstest.DefaultClientID, ""},
		"none named, only a user-assigned one":   {[]imdstest.Identity{a}, nil, clientA, ""},
		"none named, a system-assigned one too":  {[]imdstest.Identity{a, system}, nil, clientTwo, ""},
		"none named, several user-assigned ones": {[]imdstest.Identity{a, blank}, nil, "", ambiguous},
		"none named, none there":                 {[]imdstest.Identity{}, nil, "", notFound},
		"by client id":                           {[]imdstest.Identity{a, blank}, []string{"client_id", clientA}, clientA, ""},
		"by client id in upper case":             {[]imdstest.Identity{blank, a}, []string{"client_id", "AAAAAAAA-0000-4000-8000-000000000001"}, clientA, ""},
		"by object id":                           {[]imdstest.Identity{a, blank}, []string{"object_id", objectTwo}, clientTwo, ""},
		"by ARM id":                              {[]imdstest.Identity{blank, a}, []string{"msi_res_id", armA}, clientA, ""},
		"by ARM id in another case": {[]imdstest.Identity{blank, a}, []string{"msi_res_id",
			"/subscriptions/1/resourcegroups/RG/providers/microsoft.managedidentity/userassignedidentities/A"}, clientA, ""},
		"the system-assigned one by name": {[]imdstest.Identity{a, system}, []string{"client_id", clientTwo}, clientTwo, ""},
		"a client id as object id":        {[]imdstest.Identity{a}, []string{"object_id", clientA}, "", notFound},
		"another client id":               {[]imdstest.Identity{a}, []string{"client_id", someClient}, "", notFound},
		"any id, none there":              {[]imdstest.Identity{}, []string{"client_id", someClient}, "", notFound},
		"a blank ARM id":                  {[]imdstest.Identity{blank}, []string{"msi_res_id", ""}, "", notFound},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := inMemory(t, &imdstest.Options{Identities: tc.identities})
			got := c.ask(t.Context(), vault, tc.id...)
			if tc.client == "" {
				require.Equal(t, http.StatusBadRequest, got.status)
				require.Equal(t, map[string]string{"error": "invalid_request", "error_description": tc.problem}, got.fields(t))
				return
			}
			require.Equal(t, tc.client, got.fields(t)["client_id"])
			claims, err := c.server.Claims(got.token(t))
			require.NoError(t, err)
			require.Equal(t, tc.client, claims["appid"])
		})
	}
}

func TestOptionsAreCopied(t *testing.T) {
	t.Parallel()
	opts := &imdstest.Options{
		Identities: []imdstest.Identity{{Roles: map[string][]string{vault: {"Reader"}}}},
		Resources:  []string{vault},
	}
	server := imdstest.New(opts)
	opts.Identities[0].Roles[vault][0] = "Owner"
	opts.Identities[0].ClientID = "changed"
	opts.Resources[0] = orders
	require.Empty(t, opts.TenantID, "and left as they were")

	c := caller{server, &http.Client{Transport: server}}
	claims, err := server.Claims(c.ask(t.Context(), vault).token(t))
	require.NoError(t, err)
	require.Equal(t, imdstest.DefaultClientID, claims["appid"])
	require.Equal(t, []any{"Reader"}, claims["roles"])
}

func TestOptionsWithAnUnknownTokenVersionPanic(t *testing.T) {
	t.Parallel()
	require.PanicsWithValue(t, "imdstest: Options.TokenVersion is 3; give 1 or 2", func() {
		imdstest.New(&imdstest.Options{TokenVersion: 3})
	})
}
