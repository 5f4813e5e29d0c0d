package hosts

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/wire"
)

// How to tell container instances from App Service, which sets the same variables.
func TestIdentityEndpointKind(t *testing.T) {
	t.Parallel()
	const path = "http://10.92.0.12:2377/metadata/identity/oauth2/token"
	for address, want := range map[string]Kind{
		path + "?api-version=1.0":                 ContainerInstances,
		path + "/?api-version=1.0":                ContainerInstances,
		path + "?api-version=1.0&":                ContainerInstances,
		path + "?API-Version=1.0":                 ContainerInstances,
		path + "?api%2Dversion=1%2E0":             ContainerInstances,
		path + "?slot=1&api-version=1.0":          ContainerInstances,
		path + "?api-version=1.0&api-version=1.0": ContainerInstances,
		path + "?api-version=1.0&broken=%zz":      ContainerInstances,
		path + "?api-version=1.1":                 ContainerInstances,
		path + "?api-version=2.0.1":               ContainerInstances,
		// This address is that of a virtual network.
		"http://169.254.128.1:2377/metadata?api-version=1.0": ContainerInstances,
		"https://localhost/token?api-version=1.0":            ContainerInstances,
		path:                                AppService,
		path + "?":                          AppService,
		path + "?x=1":                       AppService,
		path + "?version=1.0":               AppService,
		path + "?x=api-version=1.0":         AppService,
		path + "?api-version":               AppService,
		path + "?api-version=":              AppService,
		path + "?api-version=1":             AppService,
		path + "?api-version=.0":            AppService,
		path + "?api-version=1.0-preview":   AppService,
		path + "?api-version=2019-08-01":    AppService,
		path + "?api-version=2017-09-01":    AppService,
		path + "#?api-version=1.0":          AppService,
		"http://localhost:8081/msi/token":   AppService,
		"http://127.0.0.1:41003/MSI/token/": AppService,
		"http://localhost:42356/msi/token?api-version=2025-03-30": AppService,
		// App Service's error names the variable.
		"http://localhost\n?api-version=1.0": AppService,
		"":                                   AppService,
	} {
		kind, mark := identityEndpointKind(address)
		require.Equal(t, want, kind, address)
		require.Equal(t, want == ContainerInstances, mark != "", address)
	}
}

func TestContainerInstancesExplain(t *testing.T) {
	t.Parallel()
	for name, query := range map[string]url.Values{"own identity": {}, "by its object id": {principalID: {"x"}}} {
		s := &containerInstances{getter: getter{query: query}}
		f := &wire.Failure{StatusCode: http.StatusNotFound, JSON: true, Code: "DefaultIdentityNotDefined"}
		s.explain(f)
		require.Equal(t, wire.IdentityNotFound, f.Reason)
		require.Equal(t, query.Has(principalID), f.Advice == "", name)
	}
}

// The value of a variable that names an identity by its client id is of no use here.
func TestContainerInstancesUnread(t *testing.T) {
	t.Parallel()
	env := map[string]string{
		identityEndpoint: "http://10.92.0.12:2377/metadata/identity/oauth2/token?api-version=1.0", identityHeader: "s",
		clientID: "c0000000-0000-4000-8000-00000000000a",
	}
	_, source, err := newContainerInstances(&Config{Getenv: func(name string) string { return env[name] }, Module: "aztoken", Version: "v0.0.1"})
	require.NoError(t, err)
	defer source.Close()
	f := &wire.Failure{StatusCode: http.StatusNotFound, JSON: true, Code: "DefaultIdentityNotDefined"}
	source.(*containerInstances).explain(f)
	require.Contains(t, f.Advice, "$AZURE_CLIENT_ID is set, but is not read on this host: pass the object id of that identity")
}
