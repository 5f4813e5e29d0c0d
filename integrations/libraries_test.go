package integrations_test

import (
	"crypto/rand"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A library is a client library as published.
type library struct {
	name string
	// token gets a token on the host that at describes. An empty id means none.
	token func(t *testing.T, at site, resource string, k kind, id string) (string, error)
	hosts []host
	// need skips a test if the library is not installed; nil if it always is.
	need func(t *testing.T)
	// deaf returns why the host chooses the identity of a token although the program named one by
	// such an id, or "". nil means never.
	deaf func(host, kind) string
	// refuses returns why the library does not request a token by such an id although the host
	// supports it, or "". nil means never.
	refuses func(host, kind) string
	// process reports whether the library runs in this process and uses its environment, so that
	// only one can run at a time.
	process bool
}

var libraries = []library{
	{name: "azidentity", token: azidentityToken, hosts: append(slices.Clone(hosts), identityBinding), process: true},
	{name: "MSAL Go", token: msalToken, hosts: hosts, process: true},
	{name: "@azure/identity", token: script("azure-identity.mjs"), need: needNode, hosts: append(slices.Clone(hosts), imdsElsewhere, identityBinding)},
	{name: "@azure/msal-node", deaf: msalNodeDeaf, token: script("msal-node.mjs"), need: needNode, hosts: append(slices.Clone(hosts), imdsElsewhere)},
	{name: "azure-identity", deaf: pythonDeaf, refuses: pythonRefuses, token: pythonToken, need: needPython, hosts: append(slices.Clone(hosts), imdsElsewhere)},
}

func TestLibrariesGetTheTokenThatTheyAskFor(t *testing.T) {
	for _, l := range libraries {
		getWhatTheyAskFor(t, l)
	}
}

func TestAnIdentityThatIsNotThereIsAnError(t *testing.T) {
	for _, l := range libraries {
		askForStrangers(t, l)
	}
}

func TestAWrongSecretGetsNothing(t *testing.T) {
	for _, l := range libraries {
		tryWrongSecrets(t, l)
	}
}

// getWhatTheyAskFor requests an identity by every kind of id that the host supports.
func getWhatTheyAskFor(t *testing.T, l library) {
	everywhere(t, l, func(t *testing.T, at site) {
		for _, k := range at.host.kinds {
			l.run(t, string(k), func(t *testing.T) {
				resource := resourceOf(t)
				token, err := l.token(t, at, resource, k, k.id(orders))
				if l.refusing(at.host, k) != "" {
					require.Error(t, err)
					require.Empty(t, at.requests(resource))
					t.Skip(l.refusing(at.host, k))
				}
				require.NoError(t, err)
				requireToken(t, at.srv, token, resource, at.host.expected(at.env, k))
				for _, r := range at.requests(resource) {
					require.Equal(t, at.host.name, r.Host, "%v", r)
				}
			})
		}
	})
}

// askForStrangers requests an identity that the machine does not have, by every kind of id,
// including kinds that the host does not support.
func askForStrangers(t *testing.T, l library) {
	everywhere(t, l, func(t *testing.T, at site) {
		for _, k := range kinds[1:] {
			if at.host.isPod() && k != byClientID {
				continue // the library has no options for these
			}
			l.run(t, string(k), func(t *testing.T) {
				if l.deaf != nil && l.deaf(at.host, k) != "" {
					t.Skip(l.deaf(at.host, k))
				}
				resource := resourceOf(t)
				_, err := l.token(t, at, resource, k, stranger(k))
				require.Error(t, err)
				if slices.Contains(at.host.kinds, k) && l.refusing(at.host, k) == "" {
					at.requireRefused(t, resource)
				} else {
					require.Empty(t, at.requests(resource), "the host was asked for an identity by an id that it does not know")
				}
			})
		}
	})
}

// tryWrongSecrets requests a token with a secret other than the one that the host gives to its
// programs.
func tryWrongSecrets(t *testing.T, l library) {
	everywhere(t, l, func(t *testing.T, at site) {
		wrong, ok := at.withWrongSecret(t)
		if !ok {
			t.Skip("this host knows its programs by nothing that is in the environment")
		}
		resource := resourceOf(t)
		_, err := l.token(t, wrong, resource, byDefault, "")
		require.Error(t, err)
		at.requireRefused(t, resource)
	})
}

func (at site) withWrongSecret(t *testing.T) (wrong site, ok bool) {
	t.Helper()
	wrong, wrong.env = at, maps.Clone(at.env)
	switch at.host.name {
	case "App Service", containerInstances.name, "Service Fabric":
		wrong.env["IDENTITY_HEADER"] = "wrong"
	case "Azure ML":
		wrong.env["MSI_SECRET"] = "wrong"
	case workloadIdentity.name, identityBinding.name:
		old, err := os.ReadFile(at.env.Get("AZURE_FEDERATED_TOKEN_FILE"))
		require.NoError(t, err)
		at.srv.RotateFederatedToken()
		file := filepath.Join(t.TempDir(), "token")
		require.NoError(t, os.WriteFile(file, old, 0o600))
		wrong.env["AZURE_FEDERATED_TOKEN_FILE"] = file
	default:
		return site{}, false
	}
	return wrong, true
}

// everywhere runs a test on each host of a library. Each host has its own fake.
func everywhere(t *testing.T, l library, test func(t *testing.T, at site)) {
	for _, h := range l.hosts {
		t.Run(strings.TrimSuffix(l.name+"/"+h.name+" by "+h.found, " by "), func(t *testing.T) {
			if l.need != nil {
				l.need(t)
			}
			srv, env := h.start(t)
			test(t, site{h, srv, env})
		})
	}
}

// run runs a test in parallel with others if the library supports it.
func (l library) run(t *testing.T, name string, test func(t *testing.T)) {
	t.Run(name, func(t *testing.T) {
		if !l.process {
			t.Parallel()
		}
		test(t)
	})
}

// resourceOf returns a resource that no other test uses, because MSAL's cache belongs to the
// process.
func resourceOf(t *testing.T) string {
	t.Helper()
	return "https://" + strings.ToLower(rand.Text()) + ".example.com"
}

// refusing returns why the library does not request a token by such an id, or "".
func (l library) refusing(h host, k kind) string {
	if l.refuses == nil {
		return ""
	}
	return l.refuses(h, k)
}

func stranger(k kind) string {
	if k == byResourceID {
		return orders.ResourceID + "-no-more"
	}
	return "dead0000-0000-4000-8000-00000000dead"
}
