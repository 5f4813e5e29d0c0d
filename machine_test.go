package aztoken_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/internal/fakeazure/certificate"
	"github.com/seed-ac726066/aztoken/internal/pipe"
)

// platform is a kind of host that imdstest plays.
type platform struct {
	name  string
	on    func(*imdstest.Server) imdstest.Environment
	takes []string // the kinds of id, as named in ids
	asks  int      // how many requests a token takes
}

var platforms = []platform{
	{"IMDS", (*imdstest.Server).IMDS, []string{"default", "client id", "object id", "resource id"}, 1},
	{"App Service", (*imdstest.Server).AppService, []string{"default", "client id", "object id", "resource id"}, 1},
	{"Azure Arc", (*imdstest.Server).Arc, []string{"default", "client id", "object id", "resource id"}, 2},
	{"Service Fabric", (*imdstest.Server).ServiceFabric, []string{"default"}, 1},
	{"Cloud Shell", (*imdstest.Server).CloudShell, []string{"default"}, 1},
	{"Azure ML", (*imdstest.Server).AzureML, []string{"default", "client id"}, 1},
	{"workload identity", (*imdstest.Server).WorkloadIdentity, []string{"default", "client id"}, 1},
}

func on(name string) platform {
	return platforms[slices.IndexFunc(platforms, func(p platform) bool { return p.name == name })]
}

// machine is a host of some platform.
type machine struct {
	*imdstest.Server
	platform platform
	env      imdstest.Environment
	keys     string // the directory of Arc's keys
}

func (p platform) machine(t *testing.T, opts imdstest.Options) machine {
	t.Helper()
	opts.ArcKeyDir = t.TempDir()
	srv := imdstest.New(&opts)
	t.Cleanup(srv.Close)
	return machine{srv, p, p.on(srv), opts.ArcKeyDir}
}

// client gives what aztoken.NewClient gives on m, with no socket between them.
func (m machine) client(t *testing.T, opts aztoken.Options) (*aztoken.Client, error) {
	t.Helper()
	opts.Getenv = m.env.Get
	opts.Transport = m.Server
	if m.platform.name == "Service Fabric" {
		// Its certificate is pinned, so there must be one.
		served := certificate.New()
		m.env["IDENTITY_SERVER_THUMBPRINT"] = served.Thumbprint()
		opts.Transport = &http.Client{Transport: pipe.Transport(t, m.Server, served.TLSConfig())}
		t.Cleanup(m.Close)
	}
	c, err := aztoken.NewClientWithKeys(&opts, m.keys)
	if err == nil {
		t.Cleanup(func() { require.NoError(t, c.Close()) })
	}
	return c, err
}

// secrets are what must not be seen anywhere.
func (m machine) secrets() []string {
	return []string{m.env["IDENTITY_HEADER"], m.env["MSI_SECRET"], "eyJ", "Authorization: Basic"}
}

func (m machine) requireNoSecret(t *testing.T, text string) {
	t.Helper()
	for _, s := range m.secrets() {
		if s != "" {
			require.NotContains(t, text, s)
		}
	}
}
