package graph_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/graph"
)

// FuzzAnswer holds what is true of every answer: an error is short, on one line and without a
// token, and the roles of an application are written back as they came.
func FuzzAnswer(f *testing.F) {
	f.Add(400, []byte(`{"error":{"code":"Request_BadRequest","message":"Not a valid reference update.","innerError":{"request-id":"r"}}}`))
	f.Add(403, []byte(`{"error":{"code":"x","message":"eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.a.b\u001b[2J"}}`))
	f.Add(200, []byte(`{"value":[{"id":"a","appRoles":[{"value":null,"origin":"Application"}]}],"@odata.nextLink":"x"}`))
	f.Add(500, []byte("<html>"))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		text := graph.ErrorOf(status, body).Error()
		require.Less(t, len(text), 2000)
		require.False(t, strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }), "%q", text)

		apps, err := graph.ReadPage(body)
		if err != nil {
			return
		}
		for _, app := range apps {
			_ = app.TokenVersion()
			text, err := json.Marshal(app.AppRoles)
			require.NoError(t, err)
			var again []graph.AppRole
			require.NoError(t, json.Unmarshal(text, &again))
			require.Len(t, again, len(app.AppRoles))
			for i := range again {
				require.Equal(t, app.AppRoles[i].Value, again[i].Value)
			}
		}
	})
}
