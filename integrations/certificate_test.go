package integrations_test

import (
	"maps"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
)

// Service Fabric's endpoint has a certificate that nobody has signed. A client knows it by its
// thumbprint, and tells the secret to no other. The clients for JavaScript do not look at the
// thumbprint, and want an authority for it.
func TestOnlyThePinnedCertificateOfServiceFabricIsTold(t *testing.T) {
	for _, l := range append([]library{ours}, libraries...) {
		if l.need != nil {
			continue
		}
		t.Run(l.name, func(t *testing.T) {
			fabric := onSocket("Service Fabric", (*imdstest.Server).ServiceFabric, nil)
			srv, env := fabric.start(t)
			env = maps.Clone(env)
			env["IDENTITY_SERVER_THUMBPRINT"] = imdstest.New(nil).ServiceFabric().Get("IDENTITY_SERVER_THUMBPRINT")
			_, err := l.token(t, site{fabric, srv, env}, resourceOf(t), byDefault, "")
			require.Error(t, err)
			require.Zero(t, srv.Count(), "requests that carried the secret")
		})
	}
}
