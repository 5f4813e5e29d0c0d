package integrations_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// Third-party libraries mistake container instances on Windows for App Service: the environments
// differ only in the query of the endpoint's address. Users of Azure.Identity have reported the
// refusal that the fake returns (azure-sdk-for-net 45547). The JavaScript libraries get it too, but
// they retry for 20 s, which is too long for a test.
func TestLibrariesTakeContainerInstancesForAppService(t *testing.T) {
	for _, l := range libraries {
		if !l.process {
			continue
		}
		l.hosts = []host{containerInstances}
		everywhere(t, l, func(t *testing.T, at site) {
			for _, k := range kinds {
				l.run(t, string(k), func(t *testing.T) {
					resource := resourceOf(t)
					_, err := l.token(t, at, resource, k, k.id(orders))
					require.ErrorContains(t, err, "DefaultIdentityNotDefined")
					at.requireRefused(t, resource)
					for _, r := range at.requests(resource) {
						require.Equal(t, containerInstances.name, r.Host)
						require.Equal(t, http.StatusNotFound, r.Status)
						require.Contains(t, r.Header, "X-Identity-Header")
						require.NotContains(t, r.Header, "Secret")
						require.NotContains(t, r.Query, "principalId")
						require.True(t, slices.Contains(r.Query["api-version"], "2019-08-01"), "%v", r.Query)
					}
				})
			}
		})
	}
}
