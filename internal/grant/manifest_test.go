package grant_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/emit"
	"github.com/seed-ac726066/aztoken/internal/grant"
	"github.com/seed-ac726066/aztoken/internal/graph"
	"github.com/seed-ac726066/aztoken/internal/guid"
)

const graphManifest = `{
	"id": "a0000000-0000-4000-8000-000000000001", "appId": "c0000000-0000-4000-8000-000000000009", "displayName": "Orders",
	"identifierUris": ["api://c0000000-0000-4000-8000-000000000009", "https://orders.example.com"], "signInAudience": "AzureADMyOrg",
	"api": {"acceptMappedClaims": null, "requestedAccessTokenVersion": 2, "oauth2PermissionScopes": []},
	"appRoles": [
		{"allowedMemberTypes": ["Application"], "description": "Consumers can read orders", "displayName": "Consumer", "id": "e0000000-0000-4000-8000-000000000001", "isEnabled": true, "origin": "Application", "value": "consumer"},
		{"allowedMemberTypes": ["User", "Application"], "description": "Admins", "displayName": "Admin", "isEnabled": true, "value": "admin"},
		{"allowedMemberTypes": ["User"], "description": "Gone", "displayName": "Gone", "isEnabled": false, "value": "gone"}
	],
	"web": {"redirectUris": []}, "tags": ["x"]
}`

const olderManifest = `{
	"id": "a0000000-0000-4000-8000-000000000001", "accessTokenAcceptedVersion": null, "name": "Orders", "identifierUris": [],
	"appRoles": [{"allowedMemberTypes": ["Application"], "description": "Consumers", "displayName": "Consumer", "id": "e0000000-0000-4000-8000-000000000001", "isEnabled": true, "lang": null, "origin": "Application", "value": "consumer"}],
	"oauth2Permissions": [], "signInAudience": "AzureADMyOrg"
}`

func TestParseManifest(t *testing.T) {
	t.Parallel()
	consumer := grant.Role{Value: "consumer", ID: "e0000000-0000-4000-8000-000000000001", DisplayName: "Consumer", Description: "Consumers can read orders", Members: []string{"Application"}}
	m, err := grant.ParseManifest(strings.NewReader(graphManifest))
	require.NoError(t, err)
	require.Equal(t, grant.Manifest{
		DisplayName: "Orders", IdentifierURIs: []string{"api://{appId}", "https://orders.example.com"}, TokenVersion: 2,
		Roles: []grant.Role{consumer, {Value: "admin", DisplayName: "Admin", Description: "Admins", Members: []string{"User", "Application"}}},
	}, m)

	older, err := grant.ParseManifest(strings.NewReader("\ufeff" + olderManifest))
	require.NoError(t, err)
	consumer.Description = "Consumers"
	require.Equal(t, grant.Manifest{DisplayName: "Orders", IdentifierURIs: []string{}, Roles: []grant.Role{consumer}}, older)
	older, err = grant.ParseManifest(strings.NewReader(strings.Replace(olderManifest, `"accessTokenAcceptedVersion": null`, `"accessTokenAcceptedVersion": 1`, 1)))
	require.NoError(t, err)
	require.Equal(t, 1, older.TokenVersion)

	w := m.AddTo(grant.Spec{App: "orders-api", Roles: []grant.Role{{Value: "consumer"}, {Value: "admin", Description: "Mine"}}})
	require.Equal(t, "Orders", w.DisplayName)
	require.Equal(t, 2, w.TokenVersion)
	require.Equal(t, m.Roles[0], w.Roles[0], "as the manifest has it")
	require.Equal(t, "Mine", w.Roles[1].Description, "what is said goes before")
	require.Equal(t, m.Roles, w.Registered)
}

func TestParseManifestMistakes(t *testing.T) {
	t.Parallel()
	role := func(members string) string { return `{"appRoles":[{"value":"a"},{` + members + `}]}` }
	for text, want := range map[string]string{
		"":                                    "not one JSON object",
		"null":                                "not one JSON object",
		"[]":                                  "not one JSON object",
		"{}{}":                                "not one JSON object",
		`{"approles":[]}`:                     "it has approles; write appRoles",
		`{"appRoles":{}}`:                     "appRoles has the wrong type",
		`{"appRoles":["consumer"]}`:           "appRoles[0]: not one JSON object",
		role(`"value":1`):                     "appRoles[1].value has the wrong type",
		role(`"value":"b c"`):                 "appRoles[1]: \"b c\" cannot be",
		role(`"id":"x"`):                      "appRoles[1]: a role has no value",
		role(`"value":"b","id":"x"`):          `appRoles[1]: the id "x" is not a GUID`,
		role(`"value":"a"`):                   "appRoles[1]: another role has the same value or id",
		role(`"value":"b","isEnabled":"yes"`): "isEnabled has the wrong type",
		`{"identifierUris":"api://x"}`:        "identifierUris has the wrong type",
		`{"identifierUris":[""]}`:             `identifierUris: "" cannot be an App ID URI`,
		`{"api":2}`:                           "api: not one JSON object",
		`{"api":{"requestedAccessTokenVersion":"2"}}`:                              "api.requestedAccessTokenVersion has the wrong type",
		`{"api":{"requestedAccessTokenVersion":3}}`:                                "write 1 or 2",
		`{"api":{"requestedAccessTokenVersion":2},"accessTokenAcceptedVersion":1}`: "differ",
		`{"appRoles":[` + strings.Repeat("{},", 1200) + `{}]}`:                     "more than 1200 roles",
		`{"signInAudience":"AzureADMultipleOrgs"}`:                                 "single-tenant applications",
		`{"displayName":"` + strings.Repeat("x", grant.MaxManifest) + `"}`:         "larger than 1 MiB",
		`{"appRoles":[{"value":"a","id":"e0000000-0000-4000-8000-000000000001"},{"value":"b","id":"e0000000-0000-4000-8000-000000000001"}]}`: "another role has the same",
	} {
		_, err := grant.ParseManifest(strings.NewReader(text))
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, "aztoken: the manifest")
	}
}

// FuzzManifest checks what is true of every accepted manifest: Entra accepts its roles, each is
// there once, and there is a plan for them.
func FuzzManifest(f *testing.F) {
	for _, text := range []string{graphManifest, olderManifest, `{"appRoles":[{"value":"a"}],"api":null}`, `{"AppRoles":[]}`, "null"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := grant.ParseManifest(strings.NewReader(string(text)))
		if err != nil {
			require.Less(t, len(err.Error()), 1000+len(text))
			return
		}
		require.Contains(t, []int{0, 1, 2}, m.TokenVersion)
		seen := map[string]bool{}
		for _, r := range m.Roles {
			require.Regexp(t, `^[!-~]{1,250}$`, r.Value)
			require.False(t, seen[r.Value], r.Value)
			seen[r.Value] = true
			require.True(t, r.ID == "" || guid.Is(r.ID))
		}
		w := m.AddTo(grant.Spec{App: "orders-api"})
		_, err = grant.Plan(w, grant.State{})
		require.NoError(t, err)
		for _, form := range emit.Forms() {
			_, err = grant.Emit(emit.Form(form), w, grant.State{}, graph.Public().Host)
			require.NoError(t, err)
		}
	})
}
