package hosts

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/wire"
)

// Variables that are set but not read: azure-container-apps 442, azure-functions-host 10238,
// external-dns 1548.
func TestSurroundings(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		env  map[string]string
		id   ID
		read []string
		want surroundings
	}{
		{"nothing", nil, ID{}, nil, surroundings{}},
		{"an identity that is not read", env(clientID), ID{}, nil, surroundings{unread: []string{clientID}}},
		{"an identity that is read", env(defaultClientID), ID{}, []string{defaultClientID}, surroundings{}},
		{"an identity beside one that is asked for", env(clientID), ID{ClientID, "x"}, nil, surroundings{}},
		{"Terraform's", env("ARM_CLIENT_ID"), ID{}, nil, surroundings{unread: []string{"ARM_CLIENT_ID"}}},
		{"a pod", env("KUBERNETES_SERVICE_HOST"), ID{}, nil, surroundings{pod: true}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tc.want, newSurroundings(&Config{Getenv: func(name string) string { return tc.env[name] }, ID: tc.id}, false, tc.read...))
		})
	}
	for _, tc := range []struct {
		name string
		env  map[string]string
		half string // "" for none
	}{
		{"App Service without its header", env(identityEndpoint), "$IDENTITY_ENDPOINT is set without $IDENTITY_HEADER"},
		{"App Service without its endpoint", env(identityHeader), "$IDENTITY_HEADER is set without $IDENTITY_ENDPOINT"},
		{"App Service", env(identityEndpoint, identityHeader), ""},
		{"Arc", env(identityEndpoint, imdsEndpoint), ""},
		{"half of Arc", env(imdsEndpoint), "$IMDS_ENDPOINT is set without $IDENTITY_ENDPOINT"},
		{"Azure ML without its endpoint", env(msiSecret), "$MSI_SECRET is set without $MSI_ENDPOINT"},
		{"Cloud Shell", env(msiEndpoint), ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			at := newSurroundings(&Config{Getenv: func(name string) string { return tc.env[name] }}, false)
			if tc.half == "" {
				require.Empty(t, at.half)
				return
			}
			require.Contains(t, at.absent(), tc.half)
		})
	}
}

func TestAdviceOnAnIdentity(t *testing.T) {
	t.Parallel()
	at := surroundings{unread: []string{clientID}}
	for _, tc := range []struct {
		name    string
		at      surroundings
		failure wire.Failure
		want    []string // none: no advice
	}{
		{"not found, and a variable is set", at, wire.Failure{StatusCode: 400, Description: "Identity not found"}, []string{"$AZURE_CLIENT_ID is set", "pass its value as the client id"}},
		{"several, and a variable is set", at, wire.Failure{StatusCode: 400, Description: "Multiple user assigned identities exist"}, []string{"$AZURE_CLIENT_ID is set", "as the client id"}},
		{"what the host knows is not lost", at, wire.Failure{StatusCode: 404, Code: "ManagedIdentityNotFound", Advice: "see the manifest"}, []string{"$AZURE_CLIENT_ID", "or see the manifest"}},
		{"where object ids alone are taken", surroundings{unread: []string{clientID}, objectIDs: true}, wire.Failure{StatusCode: 404, Code: "DefaultIdentityNotDefined"}, []string{"$AZURE_CLIENT_ID is set", "pass the object id of that identity"}},
		{"not found, and none is set", surroundings{}, wire.Failure{StatusCode: 400, Description: "Identity not found"}, nil},
		{"an outage, and a variable is set", at, wire.Failure{StatusCode: 503}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			f := tc.failure
			tc.at.explain(&f)
			for _, want := range tc.want {
				require.Contains(t, f.Advice, want)
			}
			require.Equal(t, len(tc.want) == 0, f.Advice == "")
		})
	}
	t.Run("in a pod where nothing listens", func(t *testing.T) {
		t.Parallel()
		for named, want := range map[bool]string{false: "azure.workload.identity/use", true: ""} {
			s := &imds{at: surroundings{pod: true, named: named}}
			f := &wire.Failure{Unreachable: true, Retry: true}
			s.explain(f)
			require.Contains(t, f.Advice, want)
			require.Equal(t, named, f.Advice == "")
		}
	})
}
