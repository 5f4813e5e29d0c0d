package agentfile_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/internal/agentfile"
	"github.com/seed-ac726066/aztoken/internal/identityapi"
)

const whole = `listen: ["127.0.0.1:16930", "unix:/run/aztoken/agent.sock"]
hostnames: [agent]
metrics: 127.0.0.1:16932
endpoint: http://169.254.169.254
store: /var/lib/aztoken
store_key_files: [/run/credentials/agent/store.key]
min_life: 10m
identities:
  - name: orders
    client_id: 11111111-1111-4111-8111-111111111111
    header_file: /run/secrets/orders
    env_file: /run/aztoken/orders.env
    imds: true
    allow: [https://vault.azure.net]
    warm: [https://vault.azure.net/]
    rate: 0
  - name: prices
    object_id: 22222222-2222-4222-8222-222222222222
    federation:
      tenant_id: 33333333-3333-4333-8333-333333333333
      client_id: 44444444-4444-4444-8444-444444444444
`

func TestRead(t *testing.T) {
	t.Parallel()
	c, err := agentfile.Read(strings.NewReader(whole), "agent.yaml")
	require.NoError(t, err)
	c, err = c.Check()
	require.NoError(t, err)
	require.Equal(t, 10*time.Minute, c.MinLife)
	require.Equal(t, aztoken.ClientID("11111111-1111-4111-8111-111111111111"), c.Identities[0].Upstream())
	require.Zero(t, *c.Identities[0].Rate)
	require.Nil(t, c.Identities[1].Rate)
	require.Nil(t, c.Identities[0].Application())
	require.Equal(t, aztoken.ObjectID("22222222-2222-4222-8222-222222222222"), c.Identities[1].Upstream())
	require.Equal(t, &aztoken.Federation{
		TenantID: "33333333-3333-4333-8333-333333333333", ClientID: "44444444-4444-4444-8444-444444444444",
	}, c.Identities[1].Application())
	require.Equal(t, []identityapi.ID{{Kind: identityapi.ClientID, Value: "44444444-4444-4444-8444-444444444444"}}, c.Identities[1].IDs())
	require.Equal(t, 0, c.ServedByIMDS())
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ old, new, want string }{
		"an unknown key":          {"hostnames:", "hostname:", "line 2: field hostname not found"},
		"a key twice":             {"metrics:", "hostnames: []\nmetrics:", "line 3: mapping key"},
		"a time that is none":     {"10m", "soon", "line 7"},
		"an address that is none": {`"127.0.0.1:16930"`, "nowhere", `line 1: listen[0]: "nowhere" is not an address`},
		"a relative socket":       {"unix:/run", "unix:run", "line 1: listen[1]"},
		"a host name with a port": {"[agent]", "[agent:80]", "line 2: hostnames[0]"},
		"an endpoint of none":     {"http://169", "169", "line 4: endpoint"},
		"a key of no store":       {"store: /var/lib/aztoken\n", "", "line 5: store_key_files"},
		"a client id of none":     {"11111111-1111", "1111", "line 10: identities[0].client_id"},
		"a name twice":            {"prices", "orders", "line 17: identities[1].name"},
		"a name of capitals":      {"prices", "Prices", "line 17: identities[1].name"},
		"two for IMDS":            {"    object_id", "    imds: true\n    object_id", "line 18: identities[1].imds"},
		"a warm one not allowed":  {"warm: [https://vault.azure.net/]", "warm: [https://storage.azure.com]", "line 15: identities[0].warm[0]"},
		"a rate below zero":       {"rate: 0", "rate: -1", "line 16: identities[0].rate"},
		"an app without a tenant": {"      tenant_id: 33333333-3333-4333-8333-333333333333\n", "", "line 19: identities[1].federation.tenant_id"},
		"an app of any tenant":    {"33333333-3333-4333-8333-333333333333", "common", `line 20: identities[1].federation.tenant_id: "common"`},
		"an app left empty":       {whole[strings.Index(whole, "    federation:"):], "    federation:\n", "line 19: identities[1].federation: it is empty"},
		"an app that is none":     {"44444444-4444", "4444", "line 21: identities[1].federation.client_id"},
		"an app of unknown keys":  {"      tenant_id", "      tenant", "field tenant not found"},
		"no identity":             {whole[strings.Index(whole, "identities:"):], "", "identities: there is no identity"},
		"IMDS for the network":    {"127.0.0.1:16930", ":16930", ""}, // it has allow and a hostname
		"two documents":           {"rate: 0", "rate: 0\n---\n", "several documents"},
		"not YAML":                {"listen:", "\tlisten:", "agent.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Contains(t, whole, c.old)
			config, err := agentfile.Read(strings.NewReader(strings.Replace(whole, c.old, c.new, 1)), "agent.yaml")
			if err == nil {
				_, err = config.Check()
			}
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, "aztoken: agent.yaml")
		})
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	one := func(change func(*agentfile.Config)) agentfile.Config {
		c := agentfile.Config{Identities: []agentfile.Identity{{}}}
		change(&c)
		return c
	}
	for name, c := range map[string]struct {
		config agentfile.Config
		want   string // "": it is good
	}{
		"nothing but an identity": {one(func(*agentfile.Config) {}), ""},
		"a developer everywhere":  {one(func(c *agentfile.Config) { c.Dev = true }), "--allow"},
		"a developer's store": {one(func(c *agentfile.Config) {
			c.Dev, c.Store, c.Identities[0].Allow = true, "/s", []string{"r"}
		}), "--store"},
		"a developer with an id": {one(func(c *agentfile.Config) {
			c.Dev, c.Identities[0].Allow, c.Identities[0].ClientID = true, []string{"r"}, "11111111-1111-4111-8111-111111111111"
		}), "leave the ids out"},
		"a developer as an app": {one(func(c *agentfile.Config) {
			c.Dev, c.Identities[0].Allow = true, []string{"r"}
			c.Identities[0].Federation = &agentfile.Federation{TenantID: "t", ClientID: "11111111-1111-4111-8111-111111111111"}
		}), "no app registration's credential"},
		"IMDS of several": {one(func(c *agentfile.Config) {
			c.IMDS = true
			c.Identities = []agentfile.Identity{{Name: "a"}, {Name: "b"}}
		}), "mark one"},
		"IMDS for the network": {one(func(c *agentfile.Config) { c.IMDS, c.Listen = true, []string{"0.0.0.0:1"} }), "--listen"},
		"IMDS for the network, with an allow list alone": {one(func(c *agentfile.Config) {
			c.IMDS, c.Listen, c.Identities[0].Allow = true, []string{":1"}, []string{"r"}
		}), "hostname"},
		"a resource with blanks": {one(func(c *agentfile.Config) { c.Identities[0].Allow = []string{"a b"} }), "--allow"},
		"a least life below 0":   {one(func(c *agentfile.Config) { c.MinLife = -1 }), "--min-life"},
	} {
		_, err := c.config.Check()
		if c.want == "" {
			require.NoError(t, err, name)
			continue
		}
		require.ErrorContains(t, err, c.want, name)
	}
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	c := agentfile.Config{Listen: []string{"10.0.0.1:1", "localhost:1", "[::1]:1", "unix:/s"}, Identities: []agentfile.Identity{{}}, IMDS: true}
	require.Len(t, c.Warnings(), 2)
	c.Listen, c.Identities[0].Allow = nil, []string{"r"}
	require.Empty(t, c.Warnings())
}

func TestFold(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"https://a": "https://a", "https://a/": "https://a", "https://a/.default": "https://a", "https://a//.default": "https://a",
		"https://a//": "https://a/", "https://A": "https://A", "": "", "/.default": "",
	} {
		require.Equal(t, want, agentfile.Fold(name), name)
	}
}
