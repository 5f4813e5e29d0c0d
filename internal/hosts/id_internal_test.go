package hosts

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	someGUID     = "c0000000-0000-4000-8000-00000000000a"
	someResource = "/subscriptions/" + someGUID + "/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/orders"
)

// Ids with a line feed, or of another kind: azure-sdk-for-java 7481, azure-cli 27813, azure-docs
// 108526.
func TestIDCheck(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		id   ID
		want []string // none: it is right
	}{
		{"the default", ID{}, nil},
		{"a client id", ID{ClientID, someGUID}, nil},
		{"a client id in capitals", ID{ClientID, strings.ToUpper(someGUID)}, nil},
		{"an object id", ID{ObjectID, someGUID}, nil},
		{"a resource id", ID{ResourceID, someResource}, nil},
		{"a resource id in another case", ID{ResourceID, strings.ToLower(someResource)}, nil},
		{"a short resource id", ID{ResourceID, "/subscriptions/s"}, nil},
		{"an empty one", ID{ClientID, ""}, []string{"Options.ID: empty"}},
		{"a line feed", ID{ClientID, someGUID + "\n"}, []string{"Options.ID", someGUID + `\n`, "line feed"}},
		{"a carriage return in front", ID{ObjectID, "\r" + someGUID}, []string{`\r`, "line feed"}},
		{"a blank", ID{ResourceID, someResource + " "}, []string{"has a space"}},
		{"a blank of another kind", ID{ClientID, someGUID + "\u00a0"}, []string{"has a space"}},
		{"a mark of byte order", ID{ClientID, "\ufeff" + someGUID}, []string{`\ufeff`, "another character"}},
		{"a resource id as client id", ID{ClientID, someResource}, []string{someResource[:99], "pass it as a resource id"}},
		{"a resource id as object id", ID{ObjectID, someResource}, []string{"pass it as a resource id"}},
		{"a GUID as resource id", ID{ResourceID, someGUID}, []string{someGUID, "as a client id", "as an object id"}},
		{"a name as client id", ID{ClientID, "orders-worker"}, []string{`"orders-worker"`, "not a client id", "clientId"}},
		{"a name as object id", ID{ObjectID, "orders-worker"}, []string{"not an object id", "principalId"}},
		{"a name as resource id", ID{ResourceID, "orders-worker"}, []string{"/subscriptions/"}},
		{"an App ID URI", ID{ClientID, "api://" + someGUID}, []string{"not a client id"}},
		{"a GUID in braces", ID{ClientID, "{" + someGUID + "}"}, []string{"not a client id"}},
		{"a GUID without dashes", ID{ClientID, strings.ReplaceAll(someGUID, "-", "")}, []string{"not a client id"}},
		{"a GUID of other letters", ID{ClientID, strings.Replace(someGUID, "c", "g", 1)}, []string{"not a client id"}},
		{"a placeholder", ID{ClientID, "<client-id>"}, []string{`"<client-id>"`}},
		{"the resource id of a machine", ID{ResourceID, "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/vm"}, []string{"not the resource id of a user-assigned identity", "leave the id out"}},
		{"a whole file", ID{ClientID, strings.Repeat("x", 1<<20)}, []string{strings.Repeat("x", 100) + `"…`}},
		{"a whole file in two bytes a letter", ID{ClientID, "x" + strings.Repeat("é", 1<<20)}, []string{strings.Repeat("é", 49) + `"…`}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			err := tc.id.check()
			if len(tc.want) == 0 {
				require.NoError(t, err)
				return
			}
			for _, want := range tc.want {
				require.ErrorContains(t, err, want)
			}
			require.Less(t, len(err.Error()), 400)
		})
	}
}
