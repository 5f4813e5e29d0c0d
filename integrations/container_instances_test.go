package integrations_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// Other makers' libraries take container instances on Windows for App Service: their environments
// differ in nothing but the query of the endpoint's address. Azure.Identity's users met the refusal
// that the fake plays (azure-sdk-for-net 45547). Those for JavaScript get it too, but they try
// again for 20 s, which is too long for a test.
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
